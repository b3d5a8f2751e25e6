// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"strings"

	"gomodules.xyz/jsonpatch/v2"
	"k8s.io/apimachinery/pkg/util/rand"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// patch holds single edits. A patch made by comparing objects would take away every field that this version of the
// operator does not know.
type patch struct {
	operations []jsonpatch.JsonPatchOperation
}

// nameObject chooses the name of an object that asks for one to be generated, as the API server would later: a stamp is
// for one name.
func (p *patch) nameObject(object client.Object) {
	const maxGenerated, random = 63, 5
	if object.GetName() != "" || object.GetGenerateName() == "" {
		return
	}
	base := object.GetGenerateName()
	object.SetName(base[:min(len(base), maxGenerated-random)] + rand.String(random))
	p.operations = append(p.operations, jsonpatch.NewOperation("add", "/metadata/name", object.GetName()))
}

// annotate sets the stamp, or removes it if it is empty, in the object and in the patch.
func (p *patch) annotate(object client.Object, annotation string) {
	const key = v1alpha1.AnnotationRequestedBy
	annotations := object.GetAnnotations()
	present, has := annotations[key]
	at := "/metadata/annotations/" + strings.ReplaceAll(key, "/", "~1")
	switch {
	case annotation == "" && !has, annotation != "" && present == annotation:
		return
	case annotation == "":
		delete(annotations, key)
		p.operations = append(p.operations, jsonpatch.NewOperation("remove", at, nil))
		return
	case len(annotations) == 0:
		annotations = map[string]string{}
		p.operations = append(p.operations,
			jsonpatch.NewOperation("add", "/metadata/annotations", map[string]string{key: annotation}))
	default:
		p.operations = append(p.operations, jsonpatch.NewOperation("add", at, annotation))
	}
	annotations[key] = annotation
	object.SetAnnotations(annotations)
}
