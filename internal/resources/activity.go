// SPDX-License-Identifier: Apache-2.0

package resources

import (
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/activity"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

// Activity is where gateways report the use of tokens.
type Activity struct {
	// URL is https.
	URL string
	// CA are the authorities of its certificate, in PEM; empty: they are not known yet, and nothing is reported.
	CA string
}

const (
	activityVolume    = "activity-token"
	activityDir       = "/var/run/secrets/jiratokens.io/activity"
	activityTokenFile = "token"
	// activityTokenSeconds is how long a token for reports is good; the kubelet renews it in time.
	activityTokenSeconds = 3600
)

// activityConfig goes into the configuration that the gateway follows while it runs.
func activityConfig(policy *v1alpha1.TokenPolicy, opts Options) *gatewayconfig.Activity {
	settings := activity.SettingsOf(policy)
	if opts.Activity == nil || opts.Activity.CA == "" || settings.Disabled {
		return nil
	}
	return &gatewayconfig.Activity{
		URL: opts.Activity.URL, CA: opts.Activity.CA,
		Times: settings.Times, Addresses: settings.Addresses, UserAgents: settings.UserAgents,
	}
}

// withActivityToken gives the gateway a token that is good for reporting and nothing else: whoever it is shown to can't use it
// against the Kubernetes API. It is there whether or not the policy wants reports, so that no pod has to start anew for that.
func withActivityToken(pod *corev1ac.PodSpecApplyConfiguration, opts Options) *corev1ac.PodSpecApplyConfiguration {
	if opts.Activity == nil {
		return pod
	}
	gateway := &pod.Containers[0]
	gateway.WithArgs("--activity-token-file=" + activityDir + "/" + activityTokenFile).
		WithVolumeMounts(corev1ac.VolumeMount().WithName(activityVolume).WithMountPath(activityDir).WithReadOnly(true))
	return pod.WithVolumes(corev1ac.Volume().
		WithName(activityVolume).
		WithProjected(corev1ac.ProjectedVolumeSource().
			WithSources(corev1ac.VolumeProjection().WithServiceAccountToken(corev1ac.ServiceAccountTokenProjection().
				WithAudience(activity.Audience).
				WithExpirationSeconds(activityTokenSeconds).
				WithPath(activityTokenFile)))))
}
