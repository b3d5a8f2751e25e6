// SPDX-License-Identifier: Apache-2.0

// Package setup puts the operator's controllers and their cache together, for the manager and for tests that run it.
package setup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/apitoken"
	"github.com/jiratokens/jira-token-operator/controllers/directory"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/controllers/namespaced"
	"github.com/jiratokens/jira-token-operator/controllers/tokenmetrics"
	"github.com/jiratokens/jira-token-operator/controllers/tokenpolicy"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/directory/stored"
	"github.com/jiratokens/jira-token-operator/internal/resources"
	"github.com/jiratokens/jira-token-operator/internal/webhook"
)

const (
	// policyConcurrency is enough: a cluster has a handful of policies.
	policyConcurrency = 2
	// directoryConcurrency leaves others a worker while some policies' Jiras hang.
	directoryConcurrency = 8
)

// Options are what the controllers need to know.
type Options struct {
	// GatewayImage is the image of the gateways' pods.
	GatewayImage string
	// GatewayImagePullPolicy says when nodes pull it; empty: Kubernetes decides by the tag.
	GatewayImagePullPolicy corev1.PullPolicy
	// Namespaces are those that the manager's cache is of; empty: all.
	Namespaces namespaced.Set
	// TokenConcurrency is how many ApiTokens are worked on at once.
	TokenConcurrency int
	// Admission stamps tokens and verifies stamps.
	Admission *Admission
	// Decider says in the webhook what would become of a token; nil: the controller of ApiTokens.
	Decider webhook.Decider
	// Activity is what gateways report of the use of tokens.
	Activity ActivityOptions
	// Registerer takes the metrics; nil: nobody does.
	Registerer prometheus.Registerer
	// Trail takes what is decided and done; nil: nobody does.
	Trail audittrail.Recorder
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
	read := stored.NewReader(mgr.GetClient())
	tokens := o.tokens(mgr, read)
	policies := o.policies(mgr)
	var err error
	if policies.Activity, err = o.activity(ctx, mgr); err != nil {
		return err
	}
	if err := policies.SetupWithManager(ctx, mgr, policyConcurrency); err != nil {
		return fmt.Errorf("set up the controller of policies: %w", err)
	}
	verifier := &tokenpolicy.Verifier{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Clock: clock.RealClock{}, Registerer: o.Registerer,
	}
	counts, err := tokenmetrics.New(mgr.GetCache(), clock.RealClock{}, o.Registerer)
	if err != nil {
		return err
	}
	err = errors.Join(
		mgr.Add(counts),
		verifier.SetupWithManager(mgr, policies, directoryConcurrency),
		o.directories(mgr, read).SetupWithManager(mgr, directoryConcurrency),
		tokens.SetupWithManager(mgr, o.TokenConcurrency),
	)
	if err != nil {
		return fmt.Errorf("set up the controllers: %w", err)
	}
	if o.Decider == nil {
		o.Decider = &decider{tokens}
	}
	return o.Admission.addTo(mgr, o.Decider)
}

func (o *Options) policies(mgr manager.Manager) *tokenpolicy.Reconciler {
	return &tokenpolicy.Reconciler{
		Client:   mgr.GetClient(),
		Live:     mgr.GetAPIReader(),
		Clock:    clock.RealClock{},
		Recorder: mgr.GetEventRecorder(v1alpha1.ManagedBy),
		Trail:    o.Trail,
		Gateway:  resources.Options{Image: o.GatewayImage, ImagePullPolicy: o.GatewayImagePullPolicy},
	}
}

func (o *Options) directories(mgr manager.Manager, read *stored.Reader) *directory.Reconciler {
	return &directory.Reconciler{
		Client:     mgr.GetClient(),
		Live:       mgr.GetAPIReader(),
		Directory:  read,
		Recorder:   mgr.GetEventRecorder(v1alpha1.ManagedBy),
		Clock:      clock.RealClock{},
		Random:     rand.Reader,
		Registerer: o.Registerer,
	}
}

func (o *Options) tokens(mgr manager.Manager, read *stored.Reader) *apitoken.Reconciler {
	return &apitoken.Reconciler{
		Client:      mgr.GetClient(),
		Live:        mgr.GetAPIReader(),
		Clock:       clock.RealClock{},
		Random:      rand.Reader,
		Recorder:    mgr.GetEventRecorder(v1alpha1.ManagedBy),
		Trail:       o.Trail,
		Rotations:   tokenmetrics.NewRotations(o.Registerer),
		Namespaces:  o.Namespaces,
		Keys:        o.Admission.Keys(),
		Directories: read,
	}
}
