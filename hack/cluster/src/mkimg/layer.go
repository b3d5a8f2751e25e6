// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// makeLayer returns the image's file system: the folders, then the files in the order of their arguments' text.
func makeLayer(folders, files []string) ([]byte, error) {
	var layer bytes.Buffer
	archive := tar.NewWriter(&layer)
	made := map[string]bool{"/": true}
	for _, argument := range folders {
		name, mode, err := splitMode(argument, argument)
		if err != nil {
			return nil, err
		}
		if err := addFolder(archive, made, name, mode); err != nil {
			return nil, err
		}
	}
	for _, argument := range slices.Sorted(slices.Values(files)) {
		source, rest, _ := strings.Cut(argument, ":")
		name, mode, err := splitMode(rest, argument)
		if err != nil {
			return nil, err
		}
		content, err := os.ReadFile(source)
		if err != nil {
			return nil, err
		}
		if err := addFolder(archive, made, path.Dir(name), 0o755); err != nil {
			return nil, err
		}
		if err := addFile(archive, strings.TrimPrefix(name, "/"), mode, content); err != nil {
			return nil, err
		}
	}
	err := archive.Close()
	return layer.Bytes(), err
}

// addFolder adds a folder after those above it, each once.
func addFolder(archive *tar.Writer, made map[string]bool, name string, mode int64) error {
	if made[name] {
		return nil
	}
	if err := addFolder(archive, made, path.Dir(name), 0o755); err != nil {
		return err
	}
	made[name] = true
	return archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(name, "/") + "/", Mode: mode})
}

// splitMode splits /PATH[:MODE]; argument is what the user wrote, for the error.
func splitMode(text, argument string) (string, int64, error) {
	name, octal, given := strings.Cut(text, ":")
	if !path.IsAbs(name) || path.Clean(name) == "/" {
		return "", 0, fmt.Errorf("%s: the path in the image must be absolute and below /", argument)
	}
	if !given {
		return path.Clean(name), 0o755, nil
	}
	mode, err := strconv.ParseInt(octal, 8, 64)
	if err != nil || mode < 0 || mode > 0o7777 {
		return "", 0, fmt.Errorf("%s: the mode must be octal, such as 0644", argument)
	}
	return path.Clean(name), mode, nil
}

func addFile(archive *tar.Writer, name string, mode int64, content []byte) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content))}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := archive.Write(content)
	return err
}
