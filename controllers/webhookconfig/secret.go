// SPDX-License-Identifier: Apache-2.0

package webhookconfig

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/ownobjects"
	"github.com/jiratokens/jira-token-operator/internal/authority"
)

// authorities reads those that the Secret has, once it has what it should. Of several replicas that renew at once, one
// succeeds; the others go on with what they read, and are woken by the change.
func (r *Reconciler) authorities(ctx context.Context) (authority.Set, error) {
	key := types.NamespacedName{Namespace: r.Namespace, Name: SecretName}
	secret, err := ownobjects.GetSecret(ctx, r.Client, key, v1alpha1.SecretTypeWebhookAuthority)
	missing := apierrors.IsNotFound(err)
	if missing {
		secret = ownobjects.NewSecret(key, v1alpha1.SecretTypeWebhookAuthority, nil)
	} else if err != nil {
		return nil, err
	}
	set, problems := authority.ParseSet(secret.Data)
	for _, problem := range problems {
		log.FromContext(ctx).Info("an authority can't be read and is removed", "secret", SecretName, "problem", problem)
	}
	renewed, changed, err := set.Renew(r.Clock.Now())
	if err != nil || (!changed && len(problems) == 0) {
		return set, err
	}
	desired := secret.DeepCopy()
	if desired.Data, err = renewed.Encode(); err != nil {
		return nil, err
	}
	if missing {
		err = r.Client.Create(ctx, desired)
	} else {
		err = r.Client.Update(ctx, desired) // conditional on the Secret being as it was read
	}
	switch {
	case apierrors.IsAlreadyExists(err), apierrors.IsConflict(err):
		return set, nil
	case err != nil:
		return nil, fmt.Errorf("write Secret %s: %w", key, err)
	}
	return renewed, nil
}

// Authorities reads those that there are, for others than the webhook's callers.
func Authorities(ctx context.Context, reader client.Reader, namespace string) (authority.Set, error) {
	key := types.NamespacedName{Namespace: namespace, Name: SecretName}
	secret, err := ownobjects.GetSecret(ctx, reader, key, v1alpha1.SecretTypeWebhookAuthority)
	if err != nil {
		return nil, err
	}
	set, _ := authority.ParseSet(secret.Data) // the controller tells of what can't be read
	return set, nil
}
