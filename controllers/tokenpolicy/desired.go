// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// annotationAppliedHash tells a field that we ask for no longer from one that was never ours: comparing values shows
// what is missing in an object, and not what is left over.
const annotationAppliedHash = "jiratokens.io/applied-hash"

// desired is an object as we would apply it.
type desired struct {
	content map[string]any
	hash    string
	typed   client.Object // empty but for its name
}

func newDesired(object resources.Object, scheme *runtime.Scheme) (*desired, error) {
	encoded, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", object, err)
	}
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal(encoded, &u.Object); err != nil { // numbers become int64, as in objects of the API
		return nil, fmt.Errorf("decode %T: %w", object, err)
	}
	sum := sha256.Sum256(encoded)
	d := &desired{content: u.Object, hash: hex.EncodeToString(sum[:8])}
	annotations := u.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[annotationAppliedHash] = d.hash
	u.SetAnnotations(annotations)

	typed, err := scheme.New(u.GroupVersionKind())
	if err != nil {
		return nil, fmt.Errorf("make an empty %s: %w", u.GroupVersionKind(), err)
	}
	var ok bool
	if d.typed, ok = typed.(client.Object); !ok {
		return nil, fmt.Errorf("%T is no object", typed)
	}
	d.typed.SetNamespace(u.GetNamespace())
	d.typed.SetName(u.GetName())
	return d, nil
}

// String is kind and name, for people.
func (d *desired) String() string { return d.kind() + " " + d.typed.GetName() }

func (d *desired) kind() string { return fmt.Sprint(d.content["kind"]) }

// key names the object among all that there are.
func (d *desired) key() string { return d.kind() + " " + client.ObjectKeyFromObject(d.typed).String() }

// appliedTo stands for one version of an object that came of applying this.
func (d *desired) appliedTo(uid types.UID, resourceVersion string) string {
	return fmt.Sprintf("%s %s %s", d.hash, uid, resourceVersion)
}

// empty is a typed object with the name only, to read into: the cache holds typed objects.
func (d *desired) empty() client.Object {
	copied, _ := d.typed.DeepCopyObject().(client.Object) // newDesired made sure that it is one
	return copied
}

func (d *desired) unstructured() *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: runtime.DeepCopyJSON(d.content)}
}

// withUID makes the API server refuse to apply to another object of the same name.
func (d *desired) withUID(uid types.UID) *unstructured.Unstructured {
	u := d.unstructured()
	u.SetUID(uid)
	return u
}

// wasApplied tells whether the object was once as desired, so that somebody must have changed it.
func (d *desired) wasApplied(live client.Object) bool {
	return live.GetAnnotations()[annotationAppliedHash] == d.hash
}

// matches tells whether applying would change nothing. If it is wrong in saying no, as about an object that a mutating
// webhook added to, a needless apply follows, which the API server finds to change nothing and which is remembered.
func (d *desired) matches(live client.Object) bool {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(live)
	if err != nil || !d.wasApplied(live) {
		return false
	}
	for key, value := range d.content {
		if key == "apiVersion" || key == "kind" {
			continue // typed objects out of the cache lack them
		}
		if !contains(content[key], value) {
			return false
		}
	}
	return true
}

// whole are the maps that somebody else can't add to: one more label, and pods have no node, or a Service no pods. Where the
// policy names none, Build leaves them out.
var whole = sets.New("nodeSelector", "selector", "podSelector")

// contains tells whether have has all of want. Lists must be of the same length: their order may have a meaning.
func contains(have, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		have, ok := have.(map[string]any)
		if !ok {
			return len(want) == 0
		}
		for key, value := range want {
			if !contains(have[key], value) || (whole.Has(key) && have[key] != nil && !contains(value, have[key])) {
				return false
			}
		}
		return true
	case []any:
		have, ok := have.([]any)
		if !ok || len(have) != len(want) {
			return len(want) == 0 && !ok
		}
		for i := range want {
			if !contains(have[i], want[i]) {
				return false
			}
		}
		return true
	default:
		return reflect.DeepEqual(have, want)
	}
}
