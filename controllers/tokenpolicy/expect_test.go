// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// expectSpec waits until an object is as good again, but for its metadata, its status and what is not the policy's.
func expectSpec(t *testing.T, object, good client.Object) {
	t.Helper()
	want := content(t, good)
	eventually(t, func() error {
		if err := get(t, object); err != nil {
			return err
		}
		if have := content(t, object); !equality.Semantic.DeepEqual(have, want) {
			return fmt.Errorf("want %v\nhave %v", want, have)
		}
		return nil
	})
}

func content(t *testing.T, object client.Object) map[string]any {
	t.Helper()
	out, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object.DeepCopyObject())
	if err != nil {
		t.Fatal(err)
	}
	delete(out, "metadata")
	delete(out, "status")
	if spec, ok := out["spec"].(map[string]any); ok {
		if template, ok := spec["template"].(map[string]any); ok {
			delete(template, "metadata")
		}
	}
	return out
}

func expectGone(t *testing.T, object client.Object) {
	t.Helper()
	eventually(t, func() error {
		if err := get(t, object); !apierrors.IsNotFound(err) {
			return fmt.Errorf("%T %s is still there (finalizers %v): %w", object, object.GetName(), object.GetFinalizers(), err)
		}
		return nil
	})
}
