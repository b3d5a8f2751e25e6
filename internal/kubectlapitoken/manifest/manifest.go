// SPDX-License-Identifier: Apache-2.0

// Package manifest reads objects of ours out of files that a user names.
package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// maxManifest is how long a file may be, in bytes; etcd takes no larger object.
const maxManifest = 4 << 20

// Read reads the one object of a kind out of a YAML or JSON file, in which objects of other kinds may be too. It
// is as strict as the API server: no unknown field, none twice. flag is what names the file.
func Read(stdin io.Reader, flag, path, kind string, into runtime.Object) error {
	data, err := readFile(stdin, path)
	if err != nil {
		return usage.Errorf("%s %s: %w", flag, path, err)
	}
	found := 0
	for documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data))); ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var header metav1.TypeMeta
		if err == nil {
			err = yaml.Unmarshal(document, &header)
		}
		if err == nil && header.Kind == kind {
			found++
			err = decode(document, header.APIVersion, into)
		}
		if err != nil {
			return usage.Errorf("%s %s: %w", flag, path, err)
		}
	}
	if found != 1 {
		return usage.Errorf("%s %s: it has %d objects of kind %s; exactly one is needed", flag, path, found, kind)
	}
	return nil
}

func readFile(stdin io.Reader, path string) ([]byte, error) {
	if path != "-" {
		file, err := os.Open(path) //nolint:gosec // whoever runs the plugin names a file of theirs
		if err != nil {
			return nil, err
		}
		defer file.Close()
		stdin = file
	}
	data, err := io.ReadAll(io.LimitReader(stdin, maxManifest+1))
	if err == nil && len(data) > maxManifest {
		err = fmt.Errorf("it is longer than %d bytes", maxManifest)
	}
	return data, err
}

func decode(document []byte, apiVersion string, into runtime.Object) error {
	if want := v1alpha1.GroupVersion.String(); apiVersion != want {
		return fmt.Errorf("apiVersion is %q; %s is needed", apiVersion, want)
	}
	scheme, err := cluster.Scheme()
	if err != nil {
		return err
	}
	_, _, err = serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer().Decode(document, nil, into)
	return err
}
