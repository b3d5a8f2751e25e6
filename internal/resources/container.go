// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

const (
	// portHTTP is where the gateway takes requests.
	portHTTP = 8080
	// portAdmin is where the gateway serves metrics and probes.
	portAdmin = 8081

	portNameHTTP  = "http"
	portNameHTTPS = "https"
	// PortNameAdmin is what that port is called.
	PortNameAdmin = "admin"

	containerName  = "gateway"
	snapshotVolume = "snapshot"
	snapshotDir    = "/var/run/jiratokens/snapshot"
	nonRootID      = 65532

	// After SIGTERM the gateway is unready for drainDelay, until load balancers know, and then gives requests
	// shutdownTimeout to finish. The kubelet must not kill it before both are over.
	drainDelay       = 10 * time.Second
	shutdownTimeout  = 60 * time.Second
	terminationGrace = drainDelay + shutdownTimeout + 10*time.Second
)

// snapshotSizeLimit holds the snapshot of 100,000 tokens twice: a new one is written beside the old one.
func snapshotSizeLimit() resource.Quantity { return resource.MustParse("128Mi") }

func container(policy *v1alpha1.TokenPolicy, opts Options) *corev1ac.ContainerApplyConfiguration {
	c := corev1ac.Container().
		WithName(containerName).
		WithImage(opts.Image).
		WithCommand("/gateway"). // the image holds the manager as well
		WithArgs(
			"--namespace="+policy.Namespace,
			"--policy="+policy.Name,
			fmt.Sprintf("--listen=:%d", portHTTP),
			fmt.Sprintf("--admin-listen=:%d", portAdmin),
			"--snapshot-dir="+snapshotDir,
			"--drain-delay="+drainDelay.String(),
			"--shutdown-timeout="+shutdownTimeout.String(),
		).
		WithPorts(
			corev1ac.ContainerPort().WithName(portNameHTTP).WithContainerPort(portHTTP).WithProtocol(corev1.ProtocolTCP),
			corev1ac.ContainerPort().WithName(PortNameAdmin).WithContainerPort(portAdmin).WithProtocol(corev1.ProtocolTCP),
		).
		WithEnv(environment(policy)...).
		WithResources(containerResources(policy)).
		WithSecurityContext(containerSecurity()).
		WithVolumeMounts(corev1ac.VolumeMount().WithName(snapshotVolume).WithMountPath(snapshotDir)).
		// A gateway is ready after its first list or with a good snapshot, which may take a while with many tokens.
		WithStartupProbe(probe("/healthz", 2, 60)).
		WithLivenessProbe(probe("/healthz", 10, 3)).
		WithReadinessProbe(probe("/readyz", 5, 2))
	if opts.ImagePullPolicy != "" {
		c.WithImagePullPolicy(opts.ImagePullPolicy)
	}
	return c
}

func containerSecurity() *corev1ac.SecurityContextApplyConfiguration {
	return corev1ac.SecurityContext().
		WithAllowPrivilegeEscalation(false).
		WithReadOnlyRootFilesystem(true).
		WithRunAsNonRoot(true).
		WithCapabilities(corev1ac.Capabilities().WithDrop("ALL"))
}

func probe(path string, periodSeconds, failureThreshold int32) *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().
		WithHTTPGet(corev1ac.HTTPGetAction().WithPath(path).WithPort(intstr.FromString(PortNameAdmin))).
		WithPeriodSeconds(periodSeconds).
		WithFailureThreshold(failureThreshold).
		WithTimeoutSeconds(2)
}
