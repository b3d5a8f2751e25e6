// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/controllers/policysecret"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/impersonate"
	"github.com/jiratokens/jira-token-operator/internal/jira"
)

const (
	// ownersAtOnce bounds how many owners' tokens are tried in a round: of a thousand owners each has its turn within a day.
	ownersAtOnce = 20
	// ownersInMessage bounds how many are named.
	ownersInMessage = 10
)

// ownerCheck is what came of trying one owner's token.
type ownerCheck struct {
	digest string // of the Secret that was tried
	at     time.Time
	wrong  bool
}

// ownersToVerify are the owners' tokens of one policy.
type ownersToVerify struct {
	secrets map[string]*corev1.Secret // by folded owner: the one that the gateway uses
	checks  map[string]ownerCheck     // the state's
}

func (v *Verifier) owners(p *v1alpha1.TokenPolicy, state *verificationState) (*ownersToVerify, error) {
	o := &ownersToVerify{secrets: map[string]*corev1.Secret{}, checks: state.owners}
	if p.Spec.Impersonation.OwnerTokens != nil {
		all, err := v.secrets.ownerTokens(client.ObjectKeyFromObject(p))
		if err != nil {
			return nil, err
		}
		for _, secret := range all {
			owner, ok := index.OwnerOfTokenSecret(secret)
			owner = grant.FoldUser(owner)
			if other := o.secrets[owner]; ok && (other == nil || secret.Name < other.Name) {
				o.secrets[owner] = secret
			}
		}
	}
	maps.DeleteFunc(o.checks, func(owner string, _ ownerCheck) bool { return o.secrets[owner] == nil })
	return o, nil
}

func (o *ownersToVerify) digest(owner string) string {
	secret := o.secrets[owner]
	return string(secret.UID) + string(policysecret.DataDigest(secret))
}

// pending tells whether there are tokens that were never tried.
func (o *ownersToVerify) pending() bool {
	for owner := range o.secrets {
		if o.checks[owner].digest != o.digest(owner) {
			return true
		}
	}
	return false
}

// next are those whose turn it is: new ones first, then those that were tried longest ago.
func (o *ownersToVerify) next(whole bool) []string {
	turn := func(owner string) time.Time {
		if check := o.checks[owner]; check.digest == o.digest(owner) {
			return check.at
		}
		return time.Time{}
	}
	names := slices.SortedFunc(maps.Keys(o.secrets), func(a, b string) int {
		return cmp.Or(turn(a).Compare(turn(b)), strings.Compare(a, b))
	})
	if !whole {
		names = slices.DeleteFunc(names, func(owner string) bool { return !turn(owner).IsZero() })
	}
	return names[:min(len(names), ownersAtOnce)]
}

// askAsOwners tries some owners' tokens, one after the other. It ends early where Jira does not answer.
func (v *Verifier) askAsOwners(
	ctx context.Context, p *v1alpha1.TokenPolicy, secrets *verificationSecrets, owners *ownersToVerify, whole bool,
) (verdict, error) {
	c, err := secrets.client(p, jira.Nobody(), true)
	if err != nil {
		return verdict{}, err
	}
	defer c.Close()
	for _, owner := range owners.next(whole) {
		by, gone, err := v.ownerIdentity(ctx, p, owners.secrets[owner].Name, owner)
		if err != nil {
			return verdict{}, err
		}
		if gone { // the cache is behind
			continue
		}
		check := ownerCheck{digest: owners.digest(owner), at: v.Clock.Now(), wrong: true}
		if by != nil {
			found, ok := judgeAnswer(c.As(jira.Impersonated(by, owner)).Myself(ctx))
			if found.reason == v1alpha1.ReasonVerificationImpossible {
				return found, nil
			}
			check.wrong = !ok
		}
		owners.checks[owner] = check
	}
	return judgeOwners(owners.checks), nil
}

// ownerIdentity reads an owner's token; by is nil if there is none in the Secret that can be used.
func (v *Verifier) ownerIdentity(
	ctx context.Context, p *v1alpha1.TokenPolicy, name, owner string,
) (by impersonate.Impersonator, gone bool, err error) {
	var secret corev1.Secret
	err = v.Live.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: name}, &secret)
	if apierrors.IsNotFound(err) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("get Secret %s: %w", name, err)
	}
	token := string(bytes.TrimSpace(secret.Data["token"]))
	tokens, err := impersonate.NewOwnerTokens(map[string]string{owner: token}, p.Namespace, p.Name)
	if err != nil {
		return nil, false, nil //nolint:nilerr // a token that can't be used is as good as none
	}
	return tokens, false, nil
}

// judgeOwners is pure. Owners whose tokens are wrong take nothing from the others, unless there are no others.
func judgeOwners(checks map[string]ownerCheck) verdict {
	if len(checks) == 0 {
		return notConfigured("there is no owner's Jira token yet")
	}
	var wrong []string
	for _, owner := range slices.Sorted(maps.Keys(checks)) {
		if checks[owner].wrong {
			wrong = append(wrong, fmt.Sprintf("%q", owner))
		}
	}
	if len(wrong) == 0 {
		return verified("Jira took requests with the owners' tokens for the owners'")
	}
	list := strings.Join(wrong[:min(len(wrong), ownersInMessage)], ", ")
	if len(wrong) > ownersInMessage {
		list += ", …"
	}
	found := verdict{
		status: metav1.ConditionFalse, reason: v1alpha1.ReasonOwnerTokensRefused,
		message: "Jira does not take the Jira token of these owners for theirs: " + list + "; each has to make a new one and put " +
			"it into their Secret, with their own name as owner",
	}
	if len(wrong) == len(checks) {
		found.reason = v1alpha1.ReasonImpersonationRefused
	}
	return found
}
