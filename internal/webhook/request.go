// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"errors"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// errCanNotStamp is what the API server is told if something is wrong on our side, which is for the log.
var errCanNotStamp = errors.New("the operator can't record who asked for this at the moment: try again; its log says why")

// decode reads what the object is to be, and what it was. What can't be decoded is none of ours: the schema, which is asked
// later, refuses it with a better message than ours would be, and without a stamp nothing is believed.
func decode(decoder admission.Decoder, request *admission.Request, object, old runtime.Object) bool {
	if decoder.Decode(*request, object) != nil {
		return false
	}
	return request.Operation != admissionv1.Update || decoder.DecodeRaw(request.OldObject, old) == nil
}

// concerns tells whether a request is about what is stamped. The webhook configuration asks for nothing else; one that
// somebody made wider must not make us stand in the way.
//
// Whether the object is being deleted is told by the old one alone: one that is created by server-side apply may carry a time
// of deletion, which the API server takes off only afterwards.
func concerns(request *admission.Request, object, old client.Object) bool {
	object.SetNamespace(request.Namespace)
	if request.SubResource != "" {
		return false
	}
	return request.Operation == admissionv1.Create ||
		(request.Operation == admissionv1.Update && old.GetDeletionTimestamp() == nil)
}

func isDryRun(request *admission.Request) bool { return ptr.Deref(request.DryRun, false) }
