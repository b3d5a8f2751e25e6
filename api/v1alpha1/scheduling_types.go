// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import corev1 "k8s.io/api/core/v1"

// Scheduling says where the gateway's pods run, in the words of a pod's own
// fields. A change rolls the pods: old ones serve until new ones do, and go on
// serving where new ones find no place.
type Scheduling struct {
	// nodeSelector are the labels that a node must have, all of them, to run the
	// gateway. Default: none.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(k, !format.qualifiedName().validate(k).hasValue() && !format.labelValue().validate(self[k]).hasValue())",message="must be keys and values of nodes' labels, such as example.com/pool: edge"
	NodeSelector map[string]LabelValue `json:"nodeSelector,omitempty"`

	// tolerations are the taints of nodes that do not keep the gateway away.
	// Default: none but what the cluster gives to every pod.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Tolerations []Toleration `json:"tolerations,omitempty"`

	// priorityClassName is the PriorityClass of the gateway's pods: whom they push
	// out of nodes that are full, and who pushes them out. Pods of a class that
	// does not exist are refused, which the condition GatewayAvailable tells.
	// Default: the cluster's.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="must be a PriorityClass's name: lower-case letters, digits, '-' and '.', such as ingress-critical"
	PriorityClassName string `json:"priorityClassName,omitempty"`
}

// Toleration matches taints of nodes, as one of a pod's does.
// +kubebuilder:validation:XValidation:rule="has(self.key) || (has(self.operator) && self.operator == 'Exists')",message="without a key, which stands for every taint, operator must be Exists"
// +kubebuilder:validation:XValidation:rule="!has(self.value) || size(self.value) == 0 || !has(self.operator) || self.operator == 'Equal'",message="operator Exists takes any value: leave value out, or make operator Equal"
// +kubebuilder:validation:XValidation:rule="!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",message="tolerationSeconds needs the effect NoExecute: no other taint makes a running pod leave"
type Toleration struct {
	// key of the taint, such as example.com/pool. Absent: every taint; operator
	// must be Exists then.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	// +kubebuilder:validation:XValidation:rule="!format.qualifiedName().validate(self).hasValue()",message="must be a taint's key: a name, or a domain, '/' and a name, such as example.com/pool"
	Key string `json:"key,omitempty"`

	// operator is Equal for taints with this value, and Exists for any value.
	// Default: Equal.
	// +optional
	// +kubebuilder:validation:Enum=Exists;Equal
	Operator corev1.TolerationOperator `json:"operator,omitempty"`

	// value of the taint, with the operator Equal. Default: the empty one.
	// +optional
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:XValidation:rule="!format.labelValue().validate(self).hasValue()",message="must be a taint's value: letters, digits, '-', '_' and '.', such as edge"
	Value LabelValue `json:"value,omitempty"`

	// effect of the taint. Default: any.
	// +optional
	// +kubebuilder:validation:Enum=NoSchedule;PreferNoSchedule;NoExecute
	Effect corev1.TaintEffect `json:"effect,omitempty"`

	// tolerationSeconds is for how long a pod stays on a node that gets such a
	// taint, with the effect NoExecute. Default: for good.
	// +optional
	// +kubebuilder:validation:Minimum=0
	TolerationSeconds *int64 `json:"tolerationSeconds,omitempty"`
}
