// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"debug/buildinfo"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/package-url/packageurl-go"
)

const billMediaType = "application/vnd.cyclonedx+json"

// billOfMaterials lists, in CycloneDX 1.6, the modules that the programs in the folder say they were built from, and Go itself.
// It has neither a time nor a number of its own, so that the same programs have the same bill.
func billOfMaterials(folder, version string) ([]byte, error) {
	bill := cyclonedx.NewBOM()
	bill.Metadata = &cyclonedx.Metadata{Component: component("github.com/jiratokens/jira-token-operator", version, "")}
	bill.Metadata.Component.Type = cyclonedx.ComponentTypeContainer
	components := map[string]cyclonedx.Component{}
	for _, program := range programs {
		info, err := buildinfo.ReadFile(filepath.Join(folder, program))
		if err != nil {
			return nil, err
		}
		goVersion := strings.TrimPrefix(info.GoVersion, "go")
		components["std"] = *component("std", goVersion, "")
		for _, module := range info.Deps {
			used := replaced(module)
			components[used.Path] = *component(used.Path, used.Version, used.Sum)
		}
	}
	list := make([]cyclonedx.Component, 0, len(components))
	for _, c := range components {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b cyclonedx.Component) int { return strings.Compare(a.BOMRef, b.BOMRef) })
	bill.Components = &list
	var out bytes.Buffer
	err := cyclonedx.NewBOMEncoder(&out, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bill, cyclonedx.SpecVersion1_6)
	return out.Bytes(), err
}

func replaced(module *debug.Module) *debug.Module {
	if module.Replace != nil {
		return module.Replace
	}
	return module
}

func component(path, version, sum string) *cyclonedx.Component {
	at := strings.LastIndexByte(path, '/') // a module of one element has no namespace
	url := packageurl.NewPackageURL(packageurl.TypeGolang, path[:max(at, 0)], path[at+1:], version, nil, "").ToString()
	c := &cyclonedx.Component{BOMRef: url, Type: cyclonedx.ComponentTypeLibrary, Name: path, Version: version, PackageURL: url}
	if sum != "" { // Go's own hash of a module is none that CycloneDX knows
		c.Properties = &[]cyclonedx.Property{{Name: "go:sum", Value: sum}}
	}
	return c
}

// refer makes the manifest that ties a bill to its image: an artefact whose subject is the image, by the OCI image
// specification 1.1.
func refer(image v1.Image, bill []byte) (v1.Image, error) {
	subject, err := partial.Descriptor(image)
	if err != nil {
		return nil, err
	}
	artefact := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	artefact = mutate.ConfigMediaType(artefact, types.MediaType(billMediaType)) // registries take this for the artefact's type
	artefact, err = mutate.AppendLayers(artefact, static.NewLayer(bill, types.MediaType(billMediaType)))
	if err != nil {
		return nil, err
	}
	return mutate.Subject(artefact, *subject).(v1.Image), nil //nolint:forcetypeassert // it gives back what it was given
}
