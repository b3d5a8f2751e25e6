// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import corev1 "k8s.io/api/core/v1"

// ImagePullSecret names a Secret with credentials for a registry of images.
type ImagePullSecret struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// Gateway configures the gateway's Deployment and Service.
// +kubebuilder:validation:XValidation:rule="!has(self.clientAddressHeader) || has(self.trustedProxies)",message="clientAddressHeader needs trustedProxies: the header is believed from nobody else"
type Gateway struct {
	// placement says where the gateway stands. SideDoor: beside Jira, at an address
	// of its own; only requests with API tokens pass, and to the REST API those
	// whose class spec.personalCredentials lets through. FrontDoor: before Jira, at
	// Jira's base URL; all of Jira's pages pass as well, as
	// spec.personalCredentials decides. Default: SideDoor.
	// +optional
	// +kubebuilder:default=SideDoor
	Placement Placement `json:"placement,omitempty"`

	// replicas of the gateway. Absent: not managed, so that an autoscaler can own
	// the number (Kubernetes starts with one).
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Replicas *int32 `json:"replicas,omitempty"`

	// service configures the Service in front of the gateway's pods.
	// +optional
	Service *GatewayService `json:"service,omitempty"`

	// tls makes the gateway serve HTTPS itself. Absent: it serves plain HTTP, for a
	// proxy in front of it that ends TLS.
	// +optional
	TLS *GatewayTLS `json:"tls,omitempty"`

	// resources of the gateway's container. Default: requests of 100m CPU and
	// 64Mi of memory, a limit of 512Mi of memory, which is enough for 100,000
	// tokens.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(self.claims)",message="claims are of no use to the gateway: set requests and limits"
	// +kubebuilder:validation:XValidation:rule="!has(self.requests) || !has(self.limits) || ['cpu', 'memory', 'ephemeral-storage'].all(k, !(k in self.requests) || !(k in self.limits) || quantity(string(self.requests[k])).compareTo(quantity(string(self.limits[k]))) <= 0)",message="requests must not be above limits: raise the limit, or lower the request"
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// imagePullSecrets name the Secrets of the policy's namespace, of the type
	// kubernetes.io/dockerconfigjson, with which nodes pull the gateway's image:
	// the one that the manager runs. Default: none, for registries that need no
	// credentials, or where the nodes have them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	ImagePullSecrets []ImagePullSecret `json:"imagePullSecrets,omitempty"`

	// scheduling says where the gateway's pods run: on which nodes, despite which
	// taints, and with which priority. (affinity is about Jira's nodes.) Absent:
	// anywhere, spread over nodes and zones as far as there are some.
	// +optional
	Scheduling *Scheduling `json:"scheduling,omitempty"`

	// trustedProxies are the addresses of the proxies in front of the gateway
	// whose X-Forwarded-For is believed. Default: none; then a client's address
	// is that of its connection.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	TrustedProxies []CIDR `json:"trustedProxies,omitempty"`

	// clientAddressHeader is the one header in which trustedProxies say whose
	// request they pass on, such as X-Real-IP or CF-Connecting-IP; the proxy must
	// set it, or add to it, whatever its clients send. Its right-most address that
	// is not a trusted proxy's counts. Default: X-Forwarded-For.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9-]+$')",message="must be the name of a header, such as X-Real-IP: letters, digits and '-'"
	// +kubebuilder:validation:XValidation:rule="!(self.lowerAscii() in ['forwarded', 'authorization', 'proxy-authorization', 'cookie', 'host', 'connection', 'content-length', 'content-type', 'transfer-encoding', 'user-agent'])",message="must be a header that holds nothing but addresses, such as X-Real-IP (Forwarded has a form of its own and is not read)"
	ClientAddressHeader string `json:"clientAddressHeader,omitempty"`

	// audit says what the gateway's audit log has of clients, and what happens
	// when lines can't be written fast enough.
	// +optional
	Audit *GatewayAudit `json:"audit,omitempty"`

	// maxInFlight is how many requests may be with Jira at once, by all replicas
	// of the gateway, each of which lets through its share of them; what goes
	// beyond is answered with 503 and Retry-After. Requests with personal
	// credentials, or none, count as well. While there is not enough for all, every
	// owner of tokens gets an equal part, and so does every network (IPv4 /24,
	// IPv6 /64) that other requests come from. Default: 0, no limit. Two thirds of
	// the threads of Jira's Tomcat (maxThreads, 150 as Jira comes), so 100, leaves
	// room for those who use Jira without the gateway.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	MaxInFlight int32 `json:"maxInFlight,omitempty"`

	// rateLimitStore makes tokens' rate limits exact over all replicas. Absent:
	// each replica enforces its share of a limit.
	// +optional
	RateLimitStore *RateLimitStore `json:"rateLimitStore,omitempty"`

	// rewriteLinks makes the links in Jira's JSON answers lead through the gateway,
	// where publicURL is not jira.baseURL: strings that begin with Jira's base URL
	// and then /rest/, or the path of an attachment, thumbnail or avatar, get
	// publicURL instead. Clients that follow such links (self) would otherwise call
	// Jira itself. JSON answers of the REST API are then neither compressed nor sent
	// in ranges, and have weak ETags.
	// +optional
	RewriteLinks bool `json:"rewriteLinks,omitempty"`

	// affinity is for a clustered Jira behind a load balancer: without it, a token
	// that creates an issue and searches for it may ask another node, which does
	// not know it yet. Absent: requests go to any node.
	// +optional
	Affinity *Affinity `json:"affinity,omitempty"`

	// maxStaleness is how long the gateway goes on with what it knows when it
	// can't reach the Kubernetes API; after that every request is refused. From
	// 2m to 8760h; default 24h.
	// +optional
	MaxStaleness Staleness `json:"maxStaleness,omitempty"`
}

// Placement says where a gateway stands.
// +kubebuilder:validation:Enum=FrontDoor;SideDoor
type Placement string

// The placements.
const (
	PlacementFrontDoor Placement = "FrontDoor"
	PlacementSideDoor  Placement = "SideDoor"
)

// GatewayService configures the Service in front of the gateway's pods.
// +kubebuilder:validation:XValidation:rule="!has(self.nodePort) || (has(self.type) && self.type != 'ClusterIP')",message="nodePort needs the type NodePort or LoadBalancer"
type GatewayService struct {
	// type of the Service. With NodePort and LoadBalancer the externalTrafficPolicy
	// is Local, so that the gateway sees the clients' addresses. Default:
	// ClusterIP.
	// +optional
	// +kubebuilder:validation:Enum=ClusterIP;NodePort;LoadBalancer
	// +kubebuilder:default=ClusterIP
	Type corev1.ServiceType `json:"type,omitempty"`

	// port of the Service. Default: 80, or 443 with `gateway.tls`.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// nodePort asks for a certain port of the nodes, of those that the cluster has
	// for Services (30000-32767, if its administrator didn't choose others).
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	NodePort *int32 `json:"nodePort,omitempty"`

	// annotations of the Service, for a load balancer's settings.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !format.qualifiedName().validate(k.lowerAscii()).hasValue())",message="must have keys of annotations: a name, or a domain, '/' and a name, such as example.com/scheme"
	Annotations map[string]string `json:"annotations,omitempty"`
}
