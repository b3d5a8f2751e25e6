// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// workers is how many ApiTokens the manager works on at once, by default.
const workers = 8

// peer makes two writes a token, one after the other, to Secrets of its own.
func (b *bench) peer(ctx context.Context) (time.Duration, error) {
	secrets := make([]*corev1.Secret, workers)
	for i := range secrets {
		secrets[i] = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "peer-"}}
		if err := b.kube.Create(ctx, secrets[i]); err != nil {
			return 0, err
		}
	}
	begin := time.Now()
	failures := make([]error, workers)
	var all sync.WaitGroup
	for i, secret := range secrets {
		all.Go(func() { failures[i] = b.rewrite(ctx, secret, 2*b.n/workers) })
	}
	all.Wait()
	took := time.Since(begin)
	for i, secret := range secrets {
		failures[i] = errors.Join(failures[i], b.kube.Delete(ctx, secret))
	}
	return took, errors.Join(failures...)
}

func (b *bench) rewrite(ctx context.Context, secret *corev1.Secret, times int) error {
	for i := range times {
		patch := client.MergeFrom(secret.DeepCopy())
		secret.Data = map[string][]byte{"number": fmt.Append(nil, i)}
		if err := b.kube.Patch(ctx, secret, patch); err != nil {
			return err
		}
	}
	return nil
}
