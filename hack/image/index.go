// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// user is nobody in particular, by number so that runAsNonRoot can be checked without looking into the image.
const user = "65532:65532"

// made is what was built.
type made struct {
	// index has the image of each platform.
	index v1.ImageIndex
	// images are these images.
	images []platformImage
}

type platformImage struct {
	platform *v1.Platform
	image    v1.Image
	// bill is the bill of materials, CycloneDX in JSON.
	bill []byte
	// referrer is the manifest by which registries and scanners find the bill.
	referrer v1.Image
}

// build makes the image of each platform, and the index of all of them.
func build(ctx context.Context, o *options) (*made, error) {
	system, err := systemLayer(o.created)
	if err != nil {
		return nil, err
	}
	m := &made{index: mutate.IndexMediaType(empty.Index, types.OCIImageIndex)}
	for _, name := range o.platforms {
		platform, err := v1.ParsePlatform(name)
		if err != nil || platform.OS != "linux" || platform.Architecture == "" {
			return nil, fmt.Errorf("-platforms: %q is not linux/<architecture>", name)
		}
		image, err := buildFor(ctx, o, platform, system)
		if err != nil {
			return nil, err
		}
		m.images = append(m.images, *image)
		named := mutate.IndexAddendum{Add: plain{image.image}, Descriptor: v1.Descriptor{Platform: platform}}
		m.index = mutate.AppendManifests(m.index, named)
	}
	m.index = mutate.Annotations(m.index, labels(o)).(v1.ImageIndex) //nolint:forcetypeassert // it gives back what it was given
	return m, nil
}

// plain is an image that the index names without an artifactType, which the library would take from the image's configuration.
// skopeo (1.9, say) does not know it, and then refuses to mirror the index by its digest.
type plain struct{ v1.Image }

// ArtifactType is what the library asks first.
func (plain) ArtifactType() (string, error) { return "", nil }

func buildFor(ctx context.Context, o *options, platform *v1.Platform, system v1.Layer) (*platformImage, error) {
	folder, err := os.MkdirTemp("", "image")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	if err := compile(ctx, o, platform, folder); err != nil {
		return nil, err
	}
	layer, err := programLayer(folder, o.created)
	if err != nil {
		return nil, err
	}
	image, err := assemble(o, platform, system, layer)
	if err != nil {
		return nil, err
	}
	bill, err := billOfMaterials(folder, o.version)
	if err != nil {
		return nil, err
	}
	referrer, err := refer(image, bill)
	return &platformImage{platform: platform, image: image, bill: bill, referrer: referrer}, err
}

func assemble(o *options, platform *v1.Platform, layers ...v1.Layer) (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, layer := range layers {
		var err error
		image, err = mutate.Append(image, mutate.Addendum{Layer: layer, History: v1.History{
			Created: v1.Time{Time: o.created}, CreatedBy: "hack/image",
		}})
		if err != nil {
			return nil, err
		}
	}
	return mutate.ConfigFile(image, configFile(image, o, platform))
}

func configFile(image v1.Image, o *options, platform *v1.Platform) *v1.ConfigFile {
	config, err := image.ConfigFile()
	if err != nil { // of an image in memory
		panic(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = platform.OS, platform.Architecture, platform.Variant
	config.Created = v1.Time{Time: o.created}
	config.Config = v1.Config{
		User: user, Entrypoint: []string{"/manager"}, Labels: labels(o),
		Env: []string{"PATH=/"}, WorkingDir: "/",
	}
	return config
}

// labels are the pre-defined annotation keys of the OCI image specification.
func labels(o *options) map[string]string {
	all := map[string]string{
		"org.opencontainers.image.title":       "jira-token-operator",
		"org.opencontainers.image.description": "Manager and gateway of jira-token-operator",
		"org.opencontainers.image.source":      "https://github.com/jiratokens/jira-token-operator",
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.version":     o.version,
		"org.opencontainers.image.created":     o.created.Format("2006-01-02T15:04:05Z"),
	}
	if o.revision != "" {
		all["org.opencontainers.image.revision"] = o.revision
	}
	return all
}
