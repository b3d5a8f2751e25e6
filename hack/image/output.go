// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// write makes, in the folder out:
//
//   - image.oci.tar, an OCI image layout of all platforms with their bills of materials, for skopeo, crane, podman and ctr;
//   - image-<architecture>.tar, one platform's image each, for docker load, kind load image-archive and ctr images import;
//   - bill-<architecture>.cdx.json, the bills of materials.
func (m *made) write(o *options) error {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	tag, err := name.NewTag(o.name)
	if err != nil {
		return fmt.Errorf("-name: %w", err)
	}
	for _, one := range m.images {
		architecture := one.platform.Architecture
		if err := tarball.WriteToFile(filepath.Join(o.out, "image-"+architecture+".tar"), tag, one.image); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(o.out, "bill-"+architecture+".cdx.json"), one.bill, 0o644); err != nil {
			return err
		}
	}
	return m.writeLayout(filepath.Join(o.out, "image.oci.tar"), tag, o.created)
}

func (m *made) writeLayout(file string, tag name.Tag, created time.Time) error {
	folder, err := os.MkdirTemp("", "layout")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		return err
	}
	named := layout.WithAnnotations(map[string]string{ // as other builders write them
		"org.opencontainers.image.ref.name": tag.TagStr(),
		"io.containerd.image.name":          tag.String(),
	})
	if err := path.AppendIndex(m.index, named); err != nil {
		return err
	}
	for _, one := range m.images {
		if err := path.AppendImage(one.referrer); err != nil {
			return err
		}
	}
	return archive(folder, file, created)
}

// push uploads the index with all it names, and then the bills, to the registry in ref.
func (m *made) push(ctx context.Context, ref string) error {
	tag, err := name.NewTag(ref)
	if err != nil {
		return err
	}
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
	if err := remote.WriteIndex(tag, m.index, options...); err != nil {
		return fmt.Errorf("push %s: %w", tag, err)
	}
	for _, one := range m.images {
		digest, err := one.referrer.Digest()
		if err != nil {
			return err
		}
		if err := remote.Write(tag.Context().Digest(digest.String()), one.referrer, options...); err != nil {
			return fmt.Errorf("push the bill of materials for %s: %w", one.platform, err)
		}
	}
	fmt.Fprintf(os.Stderr, "image: pushed %s\n", tag)
	return nil
}

// archive packs the folder's files, in the order of their names, with one time.
func archive(folder, file string, created time.Time) (err error) {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	w := tar.NewWriter(out)
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		header := &tar.Header{
			Name: filepath.ToSlash(relative), Mode: 0o644, Size: int64(len(content)), ModTime: created, Format: tar.FormatPAX,
		}
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	return errors.Join(err, w.Close())
}
