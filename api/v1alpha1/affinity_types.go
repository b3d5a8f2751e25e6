// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Affinity keeps each token's requests on one node of a clustered Jira.
type Affinity struct {
	// cookies are the names of the cookies by which the load balancer before Jira
	// keeps a client on a node, such as AWSALB, SERVERID or INGRESSCOOKIE. The
	// gateway keeps them for each token and sends them with the token's next
	// requests. A cookie that is a session of Jira's, such as JSESSIONID, is never
	// kept: have the load balancer use one of its own.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a == b))",message="each cookie may be named once"
	Cookies []AffinityCookie `json:"cookies"`
}

// AffinityCookie is the name of a load balancer's cookie.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9._-]+$')",message="must be a cookie's name of letters, digits, '.', '_' and '-', such as AWSALB"
// +kubebuilder:validation:XValidation:rule="!['session', 'seraph', 'crowd', 'xsrf', 'csrf', 'token', 'remember', 'auth', 'login', 'saml', 'sso', 'studio'].exists(part, self.lowerAscii().contains(part))",message="is, by its name, a session, a log-in or a secret, such as JSESSIONID, and not a load balancer's choice of a node: have the load balancer set a cookie of its own"
type AffinityCookie string
