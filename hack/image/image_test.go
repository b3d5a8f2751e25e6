// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/elf"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func testOptions(t *testing.T) *options {
	t.Helper()
	return &options{
		root: filepath.Join("..", ".."), platforms: []string{"linux/amd64", "linux/arm64"}, name: "jira-token-operator:test",
		version: "v0.0.1-test", revision: "abc", created: time.Unix(1_700_000_000, 0).UTC(), out: t.TempDir(),
	}
}

func mustBuild(t *testing.T) (*made, *options) {
	t.Helper()
	o := testOptions(t)
	m, err := build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.write(o); err != nil {
		t.Fatal(err)
	}
	return m, o
}

func TestImage(t *testing.T) {
	m, o := mustBuild(t)
	t.Run("reproducible", func(t *testing.T) { checkReproducible(t, m, o) })
	t.Run("contents", func(t *testing.T) { checkContents(t, m, o) })
	t.Run("index", func(t *testing.T) { checkIndex(t, m) })
	t.Run("bill of materials", func(t *testing.T) { checkBill(t, m) })
	t.Run("push", func(t *testing.T) { checkPush(t, m) })
}

// The same source makes the same digest, and the same archive to the byte, from another folder at another time.
func checkReproducible(t *testing.T, a *made, first *options) {
	t.Helper()
	b, second := mustBuild(t)
	digestA, errA := a.index.Digest()
	digestB, errB := b.index.Digest()
	if errA != nil || errB != nil || digestA != digestB {
		t.Errorf("%v %v, %v %v", digestA, digestB, errA, errB)
	}
	for _, file := range []string{"image.oci.tar", "image-amd64.tar", "image-arm64.tar", "bill-amd64.cdx.json", "bill-arm64.cdx.json"} {
		contentA, errA := os.ReadFile(filepath.Join(first.out, file))
		contentB, errB := os.ReadFile(filepath.Join(second.out, file))
		if errA != nil || errB != nil || !bytes.Equal(contentA, contentB) {
			t.Errorf("%s differs (%d and %d bytes; %v, %v)", file, len(contentA), len(contentB), errA, errB)
		}
	}
	t.Log("twice the same digest:", digestA)
}

func checkContents(t *testing.T, m *made, o *options) {
	t.Helper()
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	for _, one := range m.images {
		architecture := one.platform.Architecture
		t.Run(architecture, func(t *testing.T) {
			image, err := tarball.ImageFromPath(filepath.Join(o.out, "image-"+architecture+".tar"), nil)
			if err != nil {
				t.Fatal(err)
			}
			config, err := image.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			if config.Architecture != architecture || config.Config.User != "65532:65532" ||
				config.Config.Entrypoint[0] != "/manager" || config.Config.Labels["org.opencontainers.image.version"] != o.version {
				t.Errorf("have %+v", config)
			}
			files := filesOf(t, image)
			for _, program := range programs {
				checkProgram(t, files[program], machines[architecture], o.version)
			}
			if block, _ := pem.Decode(files[certificatesPath]); block == nil {
				t.Error("no certificates")
			}
			if len(files) != 6 {
				t.Errorf("there are %d files and folders, and want 6", len(files))
			}
		})
	}
}

// checkIndex wants of each image what has been in indexes from the beginning: tools that mirror one by its digest write it anew, and
// give up where that is another.
func checkIndex(t *testing.T, m *made) {
	t.Helper()
	manifest, err := m.index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for i, one := range manifest.Manifests {
		if one.ArtifactType != "" || one.Platform == nil || !one.Platform.Equals(*m.images[i].platform) {
			t.Errorf("image %d is %+v", i, one)
		}
	}
}

func filesOf(t *testing.T, image v1.Image) map[string][]byte {
	t.Helper()
	r := mutate.Extract(image)
	defer r.Close()
	files := map[string][]byte{}
	for archive := tar.NewReader(r); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = content
	}
}

// checkProgram wants a static program for the machine, with the version and without paths of this machine.
func checkProgram(t *testing.T, content []byte, machine elf.Machine, version string) {
	t.Helper()
	program, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	libraries, err := program.ImportedLibraries()
	if program.Machine != machine || len(libraries) > 0 {
		t.Errorf("machine %v, libraries %v, %v", program.Machine, libraries, err)
	}
	if !bytes.Contains(content, []byte(version)) {
		t.Error("the program does not know its version")
	}
	home, err := os.Getwd()
	if err != nil || bytes.Contains(content, []byte(home)) {
		t.Errorf("the program names %s, %v", home, err)
	}
}

func checkBill(t *testing.T, m *made) {
	t.Helper()
	var bill struct {
		SpecVersion string
		Components  []struct{ Name, Version, PURL string }
	}
	if err := json.Unmarshal(m.images[0].bill, &bill); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, c := range bill.Components {
		found[c.Name] = c.PURL
	}
	for _, module := range []string{"std", "sigs.k8s.io/controller-runtime", "k8s.io/client-go"} {
		if want := "pkg:golang/" + module + "@"; !strings.HasPrefix(found[module], want) {
			t.Errorf("%s is %q, and should begin with %s", module, found[module], want)
		}
	}
}

// A registry takes all of it, and gives the bill of materials to who asks what refers to an image.
func checkPush(t *testing.T, m *made) {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	tag := strings.TrimPrefix(server.URL, "http://") + "/team/jira-token-operator:v0.0.1"
	if err := m.push(t.Context(), tag); err != nil {
		t.Fatal(err)
	}
	ref, err := name.ParseReference(tag)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	for _, one := range m.images {
		checkReferrer(t.Context(), t, ref, one)
	}
}

func checkReferrer(ctx context.Context, t *testing.T, ref name.Reference, one platformImage) {
	t.Helper()
	digest, err := one.image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	referrers, err := remote.Referrers(ref.Context().Digest(digest.String()), remote.WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := referrers.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 1 || manifest.Manifests[0].ArtifactType != billMediaType {
		t.Errorf("what refers to %s: %+v", one.platform, manifest.Manifests)
	}
}

func TestMistakes(t *testing.T) {
	for flag, want := range map[string]string{
		"-platforms=windows/amd64": "is not linux/<architecture>",
		"-platforms=linux":         "is not linux/<architecture>",
		"-name=Not A Name":         "-name:",
		"stray":                    `unexpected argument "stray"`,
	} {
		err := run(t.Context(), []string{"-root=../..", "-out=" + t.TempDir(), flag})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q, have %v", flag, want, err)
		}
	}
}
