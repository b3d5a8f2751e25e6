// SPDX-License-Identifier: Apache-2.0

package output

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// Manifest is a token that has no status yet without the field for it, as people write manifests.
func Manifest(t *v1alpha1.ApiToken) runtime.Object {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(t)
	if err != nil { // such as of a field that JSON can't say; then all of it is printed
		return t
	}
	if len(t.Status.Conditions) == 0 {
		delete(fields, "status")
	}
	unstructured.RemoveNestedField(fields, "metadata", "managedFields")
	object := &unstructured.Unstructured{Object: fields}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("ApiToken"))
	return object
}
