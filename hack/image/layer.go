// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// certificatesPath is where Go's crypto/x509 looks first on Linux.
const certificatesPath = "etc/ssl/certs/ca-certificates.crt"

// certificates are the authorities that browsers trust, at the version that go.mod has: those of the building machine would
// make another digest on each. Those that are trusted for some names only are left out, as a PEM file can't say so.
func certificates() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // into memory
	}
	return out.Bytes()
}

// systemLayer has what the programs need of a system.
func systemLayer(created time.Time) (v1.Layer, error) {
	w := newLayerWriter(created)
	for _, folder := range []string{"etc/", "etc/ssl/", "etc/ssl/certs/"} {
		w.folder(folder)
	}
	w.file(certificatesPath, 0o644, certificates())
	return w.layer()
}

// programLayer has the programs of the folder.
func programLayer(folder string, created time.Time) (v1.Layer, error) {
	w := newLayerWriter(created)
	for _, program := range programs {
		content, err := os.ReadFile(filepath.Join(folder, program))
		if err != nil {
			return nil, err
		}
		w.file(program, 0o755, content)
	}
	return w.layer()
}

// layerWriter makes a layer whose bytes follow from its files alone: everything belongs to root and is of one time.
type layerWriter struct {
	buffer  bytes.Buffer
	tar     *tar.Writer
	created time.Time
	err     error
}

func newLayerWriter(created time.Time) *layerWriter {
	w := &layerWriter{created: created}
	w.tar = tar.NewWriter(&w.buffer)
	return w
}

func (w *layerWriter) folder(name string) {
	w.add(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755}, nil)
}

func (w *layerWriter) file(name string, mode int64, content []byte) {
	w.add(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content))}, content)
}

func (w *layerWriter) add(header *tar.Header, content []byte) {
	if w.err != nil {
		return
	}
	header.ModTime, header.Format = w.created, tar.FormatPAX
	if w.err = w.tar.WriteHeader(header); w.err == nil {
		_, w.err = w.tar.Write(content)
	}
}

func (w *layerWriter) layer() (v1.Layer, error) {
	if w.err == nil {
		w.err = w.tar.Close()
	}
	if w.err != nil {
		return nil, w.err
	}
	content := w.buffer.Bytes()
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
}
