// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Each file of config/samples/invalid says in its first line what the API server says of it, and leaves nothing behind. The
// webhook is asked before the schema, and must not stand in the way of a good message.
func TestInvalidSamplesAreRefused(t *testing.T) {
	installDefault(t)
	startManager(t, plane.ServiceAccount(t, systemNamespace, managerAccount))
	paths := files(t, "samples", "invalid", "*.yaml")
	if len(paths) < 24 {
		t.Errorf("there are %d invalid samples; 24 at least are wanted", len(paths))
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			content := read(t, path)
			first, _, _ := strings.Cut(string(content), "\n")
			want, ok := strings.CutPrefix(first, "# want: ")
			if !ok {
				t.Fatalf("the first line is no `# want: …` but %q", first)
			}
			object := decode(t, content)[0]
			// As kubectl does: unknown fields are errors.
			err := plane.Client.Create(t.Context(), object.DeepCopy(), client.FieldValidation("Strict"))
			if err == nil {
				t.Fatal("the API server took it")
			}
			t.Log(err)
			if !strings.Contains(err.Error(), want) {
				t.Errorf("\nwant %s\nhave %s", want, err)
			}
			if strings.Count(err.Error(), "no such overload")+strings.Count(err.Error(), "cel") > 0 {
				t.Errorf("the message speaks of our own rules' errors: %s", err)
			}
			if err := plane.Client.Get(t.Context(), client.ObjectKeyFromObject(object), object); !apierrors.IsNotFound(err) {
				t.Errorf("something was stored: %v", err)
			}
		})
	}
}
