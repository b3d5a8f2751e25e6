// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/activity"
	"github.com/jiratokens/jira-token-operator/controllers/tokenpolicy"
	"github.com/jiratokens/jira-token-operator/controllers/webhookconfig"
	use "github.com/jiratokens/jira-token-operator/internal/activity"
)

// activityPort is the Service's for reports. It is another one than the webhook's, which nobody but the API server is to reach.
const activityPort = 9444

// ActivityOptions say how the use of tokens is recorded.
type ActivityOptions struct {
	// WritesPerSecond bounds the writes about it; 0: gateways report nothing.
	WritesPerSecond float64
	// Address is where they report, as host:port; the host may be empty.
	Address string
}

// activity has the manager take gateways' reports of the use of tokens, and gives where; nil: it does not. It needs the webhook's
// certificate.
func (o *Options) activity(ctx context.Context, mgr manager.Manager) (*tokenpolicy.ActivityEndpoint, error) {
	if why := o.noActivity(); why != "" {
		mgr.GetLogger().Info("the use of tokens is not recorded", "reason", why)
		return nil, nil //nolint:nilnil // off
	}
	if err := activity.RegisterIndex(ctx, mgr.GetFieldIndexer()); err != nil {
		return nil, err
	}
	recorder := activity.New(activity.Options{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Events: mgr.GetEventRecorder(v1alpha1.ManagedBy), Clock: clock.RealClock{},
		WritesPerSecond: o.Activity.WritesPerSecond, Registerer: o.Registerer,
	})
	server, err := o.activityServer(ctx, recorder)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(recorder.SetupWithManager(mgr), mgr.Add(server)); err != nil {
		return nil, fmt.Errorf("set up the record of activity: %w", err)
	}
	return o.Admission.activityEndpoint(), nil
}

// noActivity says why the use of tokens is not recorded; empty: it is.
func (o *Options) noActivity() string {
	switch admission := &o.Admission.options; {
	case o.Activity.WritesPerSecond <= 0:
		return "no writes are allowed for it"
	case !admission.Webhook:
		return "without the webhook the manager has no certificate"
	case admission.Host != "" && admission.ActivityHost == "":
		return "the manager is outside the cluster, and nothing says where gateways reach it"
	}
	return ""
}

func (a *Admission) activityEndpoint() *tokenpolicy.ActivityEndpoint {
	host := a.options.ActivityHost
	if host == "" {
		host = net.JoinHostPort(a.endpoint.Names()[0], strconv.Itoa(activityPort))
	}
	address := (&url.URL{Scheme: "https", Host: host, Path: use.Path}).String()
	if a.folder != nil {
		return &tokenpolicy.ActivityEndpoint{
			URL: address, CA: func(context.Context) string { return a.folder.Authorities() }, Changed: a.folderChanged,
		}
	}
	return &tokenpolicy.ActivityEndpoint{
		URL: address,
		CA: func(ctx context.Context) string {
			set, err := webhookconfig.Authorities(ctx, a.own.GetClient(), a.options.Namespace)
			if err != nil && !apierrors.IsNotFound(err) { // they come at the first start
				ctrllog.FromContext(ctx).Error(err, "gateways can't report the use of tokens: what certifies the manager can't be read")
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
