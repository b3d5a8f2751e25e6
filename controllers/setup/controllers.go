// SPDX-License-Identifier: Apache-2.0

// Package setup puts the operator's controllers and their cache together, for the manager and for tests that run it.
package setup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/apitoken"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/controllers/tokenpolicy"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// policyConcurrency is enough: a cluster has a handful of policies.
const policyConcurrency = 2

// Options are what the controllers need to know.
type Options struct {
	// GatewayImage is the image of the gateways' pods.
	GatewayImage string
	// TokenConcurrency is how many ApiTokens are worked on at once.
	TokenConcurrency int
	// Clock tells the time; nil: the real one.
	Clock clock.PassiveClock
}

// Scheme knows Kubernetes' own kinds and the project's.
func Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	return scheme, errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme))
}

// Controllers registers every index and controller with a manager.
func Controllers(ctx context.Context, mgr manager.Manager, o Options) error {
	if err := index.Register(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	if err := apitoken.RegisterIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	recorder := mgr.GetEventRecorder(v1alpha1.ManagedBy)
	policies := &tokenpolicy.Reconciler{
		Client:   mgr.GetClient(),
		Live:     mgr.GetAPIReader(),
		Recorder: recorder,
		Gateway:  resources.Options{Image: o.GatewayImage},
	}
	if err := policies.SetupWithManager(ctx, mgr, policyConcurrency); err != nil {
		return fmt.Errorf("set up the TokenPolicy controller: %w", err)
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	tokens := &apitoken.Reconciler{
		Client:   mgr.GetClient(),
		Live:     mgr.GetAPIReader(),
		Clock:    o.Clock,
		Random:   rand.Reader,
		Recorder: recorder,
	}
	if err := tokens.SetupWithManager(mgr, o.TokenConcurrency); err != nil {
		return fmt.Errorf("set up the ApiToken controller: %w", err)
	}
	return nil
}
