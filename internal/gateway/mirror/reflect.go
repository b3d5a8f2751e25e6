// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// selector says which Secrets a feed asks the API for.
type selector struct{ fields, labels string }

func (m *Mirror) hashSelector() selector {
	return selector{
		fields: fields.OneTermEqualSelector("type", string(v1alpha1.SecretTypeTokenHash)).String(),
		labels: labels.Set{v1alpha1.LabelPolicy: m.opts.Policy}.String(),
	}
}

// settingsSelector leaves out what only the manager needs: Jira's groups may have 100,000 members.
func (m *Mirror) settingsSelector() selector {
	return selector{
		fields: fields.AndSelectors(
			fields.OneTermNotEqualSelector("type", string(v1alpha1.SecretTypeTokenHash)),
			fields.OneTermNotEqualSelector("type", string(v1alpha1.SecretTypeDirectory)),
		).String(),
		labels: labels.Set{v1alpha1.LabelPolicy: m.opts.Policy}.String(),
	}
}

// reflector makes a reflector that feeds a store with no copy of the objects between.
func (m *Mirror) reflector(
	ctx context.Context, name string, s selector, store cache.ReflectorStore, c *contact,
) (*cache.Reflector, error) {
	client, err := secretClient(m.opts.REST)
	if err != nil {
		return nil, err
	}
	o := &observer{m: m, feed: name, selector: s, client: client, contact: c}
	return cache.NewReflectorWithOptions(o.listerWatcher(), &corev1.Secret{}, store,
		cache.ReflectorOptions{
			Name: name, TypeDescription: "secrets", Clock: untilDone{ctx: ctx},
			Backoff: &wait.Backoff{
				Duration: min(500*time.Millisecond, m.opts.MaxBackoff), Cap: m.opts.MaxBackoff,
				Steps: 20, Factor: 2, Jitter: 0.5,
			},
		}), nil
}

// secretClient is a client for Secrets and nothing else: a clientset would link every API of Kubernetes.
func secretClient(config *rest.Config) (*rest.RESTClient, error) {
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	metav1.AddToGroupVersion(scheme, corev1.SchemeGroupVersion)
	c := rest.CopyConfig(config)
	c.APIPath = "/api"
	c.GroupVersion = &corev1.SchemeGroupVersion
	c.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	c.ContentType = runtime.ContentTypeProtobuf
	c.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	client, err := rest.RESTClientFor(c)
	if err != nil {
		return nil, fmt.Errorf("client for Secrets: %w", err)
	}
	return client, nil
}

// untilDone is the real clock, except that After ends with the context: a reflector waits for its next attempt with
// nothing else, and would keep the process from ending.
type untilDone struct {
	clock.RealClock

	ctx context.Context // since the clock's interface has no place for it
}

func (c untilDone) After(d time.Duration) <-chan time.Time {
	out := make(chan time.Time, 1)
	timer := time.AfterFunc(d, func() { out <- time.Now() })
	context.AfterFunc(c.ctx, func() {
		if timer.Stop() {
			out <- time.Now()
		}
	})
	return out
}
