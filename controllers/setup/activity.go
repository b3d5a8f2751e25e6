// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/activity"
	"github.com/jiratokens/jira-token-operator/controllers/tokenpolicy"
	"github.com/jiratokens/jira-token-operator/controllers/webhookconfig"
	use "github.com/jiratokens/jira-token-operator/internal/activity"
)

// activity has the manager take gateways' reports of the use of tokens, on the webhook's server, and gives where; nil: it does
// not. What the webhook needs is all that it takes: a Service, and a certificate that its callers trust.
func (o *Options) activity(ctx context.Context, mgr manager.Manager) (*tokenpolicy.ActivityEndpoint, error) {
	if o.ActivityWritesPerSecond <= 0 || !o.Admission.options.Webhook {
		mgr.GetLogger().Info("the use of tokens is not reported: that takes the webhook's server and writes to make",
			"webhook", o.Admission.options.Webhook, "writesPerSecond", o.ActivityWritesPerSecond)
		return nil, nil //nolint:nilnil // off
	}
	if err := activity.RegisterIndex(ctx, mgr.GetFieldIndexer()); err != nil {
		return nil, err
	}
	recorder, err := activity.New(activity.Options{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Events: mgr.GetEventRecorder(v1alpha1.ManagedBy), Clock: clock.RealClock{},
		WritesPerSecond: o.ActivityWritesPerSecond, Registerer: metrics.Registry,
	})
	if err != nil {
		return nil, err
	}
	if err := recorder.SetupWithManager(mgr); err != nil {
		return nil, fmt.Errorf("set up the record of activity: %w", err)
	}
	mgr.GetWebhookServer().Register(use.Path, recorder)
	return o.Admission.activityEndpoint(), nil
}

func (a *Admission) activityEndpoint() *tokenpolicy.ActivityEndpoint {
	return &tokenpolicy.ActivityEndpoint{
		URL: a.endpoint.URL(use.Path),
		CA: func(ctx context.Context) string {
			set, err := webhookconfig.Authorities(ctx, a.own.GetClient(), a.options.Namespace)
			if err != nil && !apierrors.IsNotFound(err) { // they come at the first start
				log.FromContext(ctx).Error(err, "gateways can't report the use of tokens: what certifies the manager can't be read")
			}
			return string(set.Certificates())
		},
		Changed: func(h handler.EventHandler) source.Source {
			var secret client.Object = &corev1.Secret{}
			return source.Kind(a.own.GetCache(), secret, h, predicate.NewPredicateFuncs(func(o client.Object) bool {
				return o.GetNamespace() == a.options.Namespace && o.GetName() == webhookconfig.SecretName
			}))
		},
	}
}
