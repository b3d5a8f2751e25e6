// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/tokenpolicy"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// What certifies the manager, as the tests say, and how they tell that it changed.
var (
	authorities        atomic.Value
	authoritiesChanged = make(chan event.GenericEvent)
)

func activityEndpoint() *tokenpolicy.ActivityEndpoint {
	authorities.Store("first")
	return &tokenpolicy.ActivityEndpoint{
		URL: "https://manager.system.svc:9444/activity",
		CA:  func(context.Context) string { ca, _ := authorities.Load().(string); return ca },
		Changed: func(h handler.EventHandler) source.Source {
			return source.Channel(authoritiesChanged, h)
		},
	}
}

func activityConfig(t *testing.T, p *v1alpha1.TokenPolicy) (*gatewayconfig.Activity, error) {
	t.Helper()
	var secret corev1.Secret
	if err := k8s.Get(t.Context(), client.ObjectKey{Namespace: p.Namespace, Name: resources.ConfigName(p.Name)}, &secret); err != nil {
		return nil, err
	}
	config, err := gatewayconfig.Decode(secret.Data[gatewayconfig.DataKey])
	if err != nil {
		return nil, err
	}
	return config.Activity, nil
}

// Gateways hear of other authorities at once, and none of their pods starts anew for that, or for reports being turned off.
func TestGatewaysFollowTheManagersAuthorities(t *testing.T) {
	p := ready(t)
	var d appsv1.Deployment
	if err := k8s.Get(t.Context(), gatewayKey(p), &d); err != nil {
		t.Fatal(err)
	}
	expect := func(ca string) {
		t.Helper()
		eventually(t, func() error {
			got, err := activityConfig(t, p)
			if err != nil || (got != nil) != (ca != "") || got != nil && got.CA != ca {
				return fmt.Errorf("want %q, have %+v %w", ca, got, err)
			}
			return nil
		})
	}
	expect("first")
	authorities.Store("first and second")
	t.Cleanup(func() { authorities.Store("first") })
	authoritiesChanged <- event.GenericEvent{Object: &corev1.Secret{}}
	expect("first and second")
	authorities.Store("")
	authoritiesChanged <- event.GenericEvent{Object: &corev1.Secret{}}
	expect("")
	authorities.Store("third")
	authoritiesChanged <- event.GenericEvent{Object: &corev1.Secret{}}
	expect("third")
	update(t, p, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Monitoring = &v1alpha1.Monitoring{Activity: &v1alpha1.ActivityReport{Disabled: true}}
	})
	expect("")
	generation := d.Generation
	if err := k8s.Get(t.Context(), gatewayKey(p), &d); err != nil || d.Generation != generation {
		t.Errorf("generation %d became %d, %v", generation, d.Generation, err)
	}
}
