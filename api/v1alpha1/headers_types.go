// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// HeaderPattern is what one header of each request must be like.
type HeaderPattern struct {
	// name of the header, such as User-Agent; case does not matter.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9-]+$')",message="must be the name of a header: letters, digits and '-'"
	// +kubebuilder:validation:XValidation:rule="!(self.lowerAscii() in ['authorization', 'proxy-authorization', 'cookie', 'host', 'connection', 'content-length', 'transfer-encoding', 'upgrade', 'te', 'trailer'])",message="can't be a header with a credential or one that only concerns the connection; name one that the client's program sets, such as User-Agent"
	Name string `json:"name"`

	// pattern that the whole value must match; a `*` stands for any characters or
	// none, and case matters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]([ -~]*[!-~])?$')",message="must be printable ASCII without a space at its ends, such as Zapier*"
	Pattern string `json:"pattern"`
}
