// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

var errClosed = errors.New("the connection was closed or timed out before the watch began")

// observer makes one feed's requests to the API and sees how they end: client-go tries again and again, and mentions
// it at most in passing.
type observer struct {
	m        *Mirror
	feed     string
	selector selector
	client   *rest.RESTClient
	contact  *contact
	failing  atomic.Bool
}

func (o *observer) listerWatcher() cache.ListerWatcher {
	return cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: o.list, WatchFuncWithContext: o.watch,
	}, o.client)
}

func (o *observer) list(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	if options.ResourceVersion == "0" {
		options.ResourceVersion = "" // not whatever one API server happens to remember: a revocation may be missing there
	}
	var secrets corev1.SecretList
	err := o.request(&options).Do(ctx).Into(&secrets)
	o.saw(ctx, err)
	return &secrets, err
}

// watch starts a watch. One that the API accepts goes on from where the last one ended, so it confirms what is known;
// one that begins with a list does not, but the end of its list will.
func (o *observer) watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	options.Watch = true
	w, err := o.request(&options).Watch(ctx)
	// Where the connection is closed or times out, client-go makes a watch without events of it and no error.
	if _, established := w.(*watch.StreamWatcher); err == nil && !established {
		w.Stop()
		err = errClosed
	}
	o.saw(ctx, err)
	if err != nil {
		return nil, err
	}
	if options.SendInitialEvents == nil {
		o.contact.confirm(o.m.opts.Clock.Now())
	}
	return w, nil
}

// request does not try again by itself: the reflector does, and what fails ten times should be known after the first.
func (o *observer) request(options *metav1.ListOptions) *rest.Request {
	options.FieldSelector, options.LabelSelector = o.selector.fields, o.selector.labels
	return o.client.Get().Namespace(o.m.opts.Namespace).Resource("secrets").
		VersionedParams(options, metav1.ParameterCodec).MaxRetries(0)
}

// saw logs when the API is lost and found. Nothing that is known is taken away for it.
func (o *observer) saw(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil:
		o.m.metrics.watchErrors.Inc()
		if !o.failing.Swap(true) {
			o.m.log.Info("can't follow Secrets; going on with what is known", "feed", o.feed, "error", err.Error())
		}
	case o.failing.Swap(false):
		o.m.log.Info("following Secrets again", "feed", o.feed)
	}
}
