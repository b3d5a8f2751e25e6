// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"strings"
)

// write makes the image and returns the digest of its manifest.
func write(o options) (string, error) {
	_, tag, tagged := strings.Cut(path.Base(o.name), ":")
	if !tagged || o.output == "" || len(o.entrypoint) == 0 || len(o.files) == 0 {
		return "", fmt.Errorf("-name with a tag, -o, -entrypoint and at least one file are needed; -help tells more")
	}
	layer, err := makeLayer(o.folders, o.files)
	if err != nil {
		return "", err
	}
	config, err := makeConfig(o, layer)
	if err != nil {
		return "", err
	}
	manifest := marshal(map[string]any{
		"schemaVersion": 2,
		"mediaType":     manifestType,
		"config":        describe("application/vnd.oci.image.config.v1+json", config),
		"layers":        []descriptor{describe("application/vnd.oci.image.layer.v1.tar", layer)},
	})
	entry := describe(manifestType, manifest)
	entry.Platform = map[string]string{"architecture": o.arch, "os": "linux"}
	entry.Annotations = map[string]string{"io.containerd.image.name": o.name, "org.opencontainers.image.ref.name": tag}
	files := []file{
		{"oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{"index.json", marshal(map[string]any{"schemaVersion": 2, "manifests": []descriptor{entry}})},
	}
	for _, blob := range [][]byte{manifest, config, layer} {
		files = append(files, file{strings.Replace("blobs/"+digest(blob), ":", "/", 1), blob})
	}
	return entry.Digest, writeArchive(o.output, files)
}

func makeConfig(o options, layer []byte) ([]byte, error) {
	labels := map[string]string{}
	for _, label := range o.labels {
		key, value, ok := strings.Cut(label, "=")
		if !ok {
			return nil, fmt.Errorf("-label %s: use KEY=VALUE", label)
		}
		labels[key] = value
	}
	return marshal(map[string]any{
		"architecture": o.arch,
		"os":           "linux",
		"config": map[string]any{
			"Entrypoint": o.entrypoint,
			"Env":        append([]string{"PATH=/usr/local/bin:/usr/bin:/bin:/"}, o.env...),
			"Labels":     labels,
			"User":       o.user,
			"WorkingDir": "/",
		},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{digest(layer)}},
	}), nil
}

const manifestType = "application/vnd.oci.image.manifest.v1+json"

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    map[string]string `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

func describe(mediaType string, content []byte) descriptor {
	return descriptor{MediaType: mediaType, Digest: digest(content), Size: len(content)}
}

func digest(content []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(content)) }

// marshal is for maps of strings and numbers, which always have a JSON form.
func marshal(value any) []byte {
	content, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return content
}

type file struct {
	name    string
	content []byte
}

func writeArchive(output string, files []file) error {
	out, err := os.Create(output)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(out)
	for _, f := range files {
		if err := addFile(archive, f.name, 0o644, f.content); err != nil {
			return cmp.Or(err, out.Close())
		}
	}
	if err := archive.Close(); err != nil {
		return cmp.Or(err, out.Close())
	}
	return out.Close()
}
