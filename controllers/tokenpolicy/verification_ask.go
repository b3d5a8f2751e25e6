// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/impersonate"
	"github.com/jiratokens/jira-token-operator/internal/jira"
	"github.com/jiratokens/jira-token-operator/internal/jirasecret"
)

// verify asks Jira as the gateway would. Errors are of the API server; whatever else goes wrong is in the verdict.
func (v *Verifier) verify(ctx context.Context, p *v1alpha1.TokenPolicy, owners *ownersToVerify, whole bool) (verdict, error) {
	limited, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	found, err := v.ask(limited, p, owners, whole)
	if problem, ok := errors.AsType[*problemError](err); ok {
		return verdict{
			status: metav1.ConditionUnknown, reason: v1alpha1.ReasonInvalidReference, message: "it was not tried: " + problem.message,
		}, nil
	}
	if ctx.Err() != nil { // the manager ends
		return verdict{}, fmt.Errorf("verify the impersonation: %w", ctx.Err())
	}
	return found, err
}

func (v *Verifier) ask(ctx context.Context, p *v1alpha1.TokenPolicy, owners *ownersToVerify, whole bool) (verdict, error) {
	how := &p.Spec.Impersonation
	if (how.OAuth != nil || how.Header != nil) && how.VerifyAs == "" {
		return notConfigured("name a Jira user in spec.impersonation.verifyAs, and it is tried as that user whether Jira takes " +
			"the gateway's requests for the owners'"), nil
	}
	secrets, err := v.material(ctx, p)
	if err != nil {
		return verdict{}, err
	}
	if how.OwnerTokens != nil {
		return v.askAsOwners(ctx, p, secrets, owners, whole)
	}
	if account := how.ServiceAccount; account != nil && account.OAuth2 != nil {
		return askByAccessToken(ctx, p, secrets, account)
	}
	by, user, err := identity(p, secrets, v.Clock)
	if err != nil {
		return verdict{}, err
	}
	c, err := secrets.client(p, jira.Impersonated(by, user), true)
	if err != nil {
		return verdict{}, err
	}
	defer c.Close()
	if found, ok := judgeAnswer(c.Myself(ctx)); !ok {
		return found, nil
	}
	if how.Header != nil {
		return v.askWithoutProof(ctx, p, secrets, user)
	}
	return verified(fmt.Sprintf("Jira took a request for %q for that user's", user)), nil
}

// askByAccessToken fetches a token of its own: the gateway's never leave it.
func askByAccessToken(
	ctx context.Context, p *v1alpha1.TokenPolicy, secrets *verificationSecrets, account *v1alpha1.ServiceAccountImpersonation,
) (verdict, error) {
	id, secret, err := jirasecret.ParseClientCredentials(secrets.data[account.OAuth2.SecretRef.Name])
	if err != nil {
		return verdict{}, fmt.Errorf("parse the client credentials: %w", err) // material has judged them
	}
	c, err := secrets.client(p, jira.Nobody(), true)
	if err != nil {
		return verdict{}, err
	}
	defer c.Close()
	token, err := c.AccessToken(ctx, jira.ClientCredentials{ID: id, Secret: secret, Scope: string(account.OAuth2.Scope)})
	if found, ok := judgeAnswer(err); !ok {
		return found, nil
	}
	user := string(account.Username)
	by, err := impersonate.NewServiceAccountToken(user, token.Value)
	if err != nil {
		return verdict{}, fmt.Errorf("use the access token: %w", err) // the client has judged it
	}
	if found, ok := judgeAnswer(c.As(jira.Impersonated(by, user)).Myself(ctx)); !ok {
		return found, nil
	}
	return verified(fmt.Sprintf("Jira took a request with an access token for %q for that user's", user)), nil
}

// askWithoutProof makes sure that Jira believes the header only from the gateway: without its secret and certificate it
// must take the request for nobody's.
func (v *Verifier) askWithoutProof(
	ctx context.Context, p *v1alpha1.TokenPolicy, secrets *verificationSecrets, user string,
) (verdict, error) {
	header := p.Spec.Impersonation.Header
	certificate := p.Spec.Jira.ClientCertificateSecretRef != nil
	if header.SharedSecret == nil && !certificate {
		return verified(fmt.Sprintf("Jira took a request for %q for that user's, by the header %s alone: whoever reaches Jira past "+
			"the gateway can be anybody; set header.sharedSecret or jira.clientCertificateSecretRef", user, header.Name)), nil
	}
	bare, err := impersonate.NewHeader(string(header.Name), "", "")
	if err != nil {
		return verdict{}, fmt.Errorf("make a header without a secret: %w", err)
	}
	c, err := secrets.client(p, jira.Impersonated(bare, user), false)
	if err != nil {
		return verdict{}, err
	}
	defer c.Close()
	err = c.Myself(ctx)
	if err == nil {
		return verdict{
			status: metav1.ConditionFalse, reason: v1alpha1.ReasonHeaderBelievedFromAnybody,
			message: fmt.Sprintf("Jira believes the header %s without the gateway's secret and certificate, so whoever reaches Jira "+
				"can be anybody, administrators included: make Jira's authenticator, or the proxy before it, ask for them", header.Name),
		}, nil
	}
	// Whoever asks for certificates ends connections without one in many ways; the request just before was answered.
	if unavailable, ok := errors.AsType[*jira.UnavailableError](err); ok && !certificate {
		found, _ := judgeAnswer(unavailable)
		return found, nil
	}
	return verified(fmt.Sprintf("Jira took a request for %q for that user's, and one without the gateway's secret and "+
		"certificate not", user)), nil
}

// judgeAnswer is pure; ok is true if Jira took the request for the user's.
func judgeAnswer(err error) (found verdict, ok bool) {
	if err == nil {
		return verdict{}, true
	}
	if refused, is := errors.AsType[*jira.RefusedError](err); is {
		return verdict{
			status: metav1.ConditionFalse, reason: v1alpha1.ReasonImpersonationRefused,
			message: refused.Why + ": no token works until that is put right in Jira or in spec.impersonation",
		}, false
	}
	found = verdict{status: metav1.ConditionUnknown, reason: v1alpha1.ReasonVerificationImpossible, message: "it could not be tried"}
	if missing, is := errors.AsType[*impersonate.MissingCredentialError](err); is {
		found.status, found.reason, found.message = metav1.ConditionFalse, v1alpha1.ReasonImpersonationRefused, missing.Error()
	}
	if unavailable, is := errors.AsType[*jira.UnavailableError](err); is {
		found.message, found.retryAfter = "it could not be tried: "+unavailable.Why, unavailable.RetryAfter
	}
	return found, false
}

func verified(message string) verdict {
	return verdict{status: metav1.ConditionTrue, reason: v1alpha1.ReasonVerified, message: message}
}

func notConfigured(message string) verdict {
	return verdict{status: metav1.ConditionUnknown, reason: v1alpha1.ReasonVerificationNotConfigured, message: message}
}
