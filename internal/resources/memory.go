// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// envMemoryLimit has Go collect garbage before the container's limit is met, and not only when the heap has doubled.
const envMemoryLimit = "GOMEMLIMIT"

func containerResources(policy *v1alpha1.TokenPolicy) *corev1ac.ResourceRequirementsApplyConfiguration {
	wanted := resourceSettings(policy)
	return corev1ac.ResourceRequirements().WithLimits(wanted.Limits).WithRequests(wanted.Requests)
}

func resourceSettings(policy *v1alpha1.TokenPolicy) corev1.ResourceRequirements {
	if gateway := policy.Spec.Gateway; gateway != nil && gateway.Resources != nil {
		return *gateway.Resources
	}
	return corev1.ResourceRequirements{
		Requests: corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse("100m"),
			corev1.ResourceMemory: resource.MustParse("64Mi"),
		},
		Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")},
	}
}

func environment(policy *v1alpha1.TokenPolicy) []*corev1ac.EnvVarApplyConfiguration {
	limits := resourceSettings(policy).Limits
	limit := limits.Memory()
	if limit.Sign() <= 0 { // none
		return nil
	}
	return []*corev1ac.EnvVarApplyConfiguration{
		corev1ac.EnvVar().WithName(envMemoryLimit).WithValue(strconv.FormatInt(goMemoryLimit(limit.Value()), 10)),
	}
}

// goMemoryLimit is what Go may use of a container's memory limit, in bytes: the files of the snapshot's volume are memory
// too, and a tenth is for what Go does not count. Half of the limit is Go's in any case: a limit that leaves less is one
// for few tokens, whose snapshot is small, and a Go that can't keep to its limit does nothing but collect garbage.
func goMemoryLimit(containerLimit int64) int64 {
	snapshot := snapshotSizeLimit()
	return max(containerLimit-snapshot.Value(), containerLimit/2) / 10 * 9
}
