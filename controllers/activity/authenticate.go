// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/internal/activity"
)

const (
	// verdictTime is how long a token is believed without asking again.
	verdictTime = time.Minute
	// maxVerdicts and maxStrangers bound what is remembered.
	maxVerdicts  = 4096
	maxStrangers = 4096
	// strangersEvery and strangersAtOnce bound, for each address, how often the API server is asked about tokens that are no good.
	strangersEvery  = time.Second
	strangersAtOnce = 10
)

// authenticator knows ServiceAccounts by their tokens, as the API server says.
type authenticator struct {
	client client.Client
	clock  clock.PassiveClock

	mu        sync.Mutex
	verdicts  map[[sha256.Size]byte]verdict
	strangers map[string]*rate.Limiter // by address
}

// verdict is about a token that is good.
type verdict struct {
	who   types.NamespacedName
	until time.Time
}

func newAuthenticator(c client.Client, clk clock.PassiveClock) *authenticator {
	return &authenticator{client: c, clock: clk, verdicts: map[[sha256.Size]byte]verdict{}, strangers: map[string]*rate.Limiter{}}
}

// authenticate tells which ServiceAccount a request is of.
func (a *authenticator) authenticate(ctx context.Context, request *http.Request) (types.NamespacedName, error) {
	token, ok := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return types.NamespacedName{}, unauthenticated("a ServiceAccount token for the audience " + activity.Audience + " is needed")
	}
	digest := sha256.Sum256([]byte(token))
	if who, ok := a.known(digest); ok {
		return who, nil
	}
	address := addressOf(request.RemoteAddr)
	if !a.mayAsk(address) {
		return types.NamespacedName{}, &callError{http.StatusTooManyRequests, "unauthenticated", "too many tokens that are no good"}
	}
	who, err := a.review(ctx, token)
	if err != nil {
		return types.NamespacedName{}, err
	}
	a.remember(digest, address, who)
	return who, nil
}

func unauthenticated(message string) error {
	return &callError{http.StatusUnauthorized, "unauthenticated", message}
}

func (a *authenticator) known(digest [sha256.Size]byte) (types.NamespacedName, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	v, ok := a.verdicts[digest]
	return v.who, ok && a.clock.Now().Before(v.until)
}

// mayAsk takes a turn, which comes back if the token turns out to be good.
func (a *authenticator) mayAsk(address string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.strangers[address]
	if l == nil {
		if len(a.strangers) >= maxStrangers {
			clear(a.strangers)
		}
		l = rate.NewLimiter(rate.Every(strangersEvery), strangersAtOnce)
		a.strangers[address] = l
	}
	return l.AllowN(a.clock.Now(), 1)
}

func (a *authenticator) remember(digest [sha256.Size]byte, address string, who types.NamespacedName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.strangers, address)
	if len(a.verdicts) >= maxVerdicts {
		clear(a.verdicts)
	}
	a.verdicts[digest] = verdict{who: who, until: a.clock.Now().Add(verdictTime)}
}

// review asks the API server. A token for another audience is none.
func (a *authenticator) review(ctx context.Context, token string) (types.NamespacedName, error) {
	review := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{
		Token: token, Audiences: []string{activity.Audience},
	}}
	if err := a.client.Create(ctx, review); err != nil {
		return types.NamespacedName{}, fmt.Errorf("review a token: %w", err)
	}
	s := &review.Status
	if !s.Authenticated || !slices.Contains(s.Audiences, activity.Audience) {
		return types.NamespacedName{}, unauthenticated("the token is not valid for the audience " + activity.Audience)
	}
	account, is := strings.CutPrefix(s.User.Username, "system:serviceaccount:")
	namespace, name, ok := strings.Cut(account, ":")
	if !is || !ok {
		return types.NamespacedName{}, &callError{http.StatusForbidden, "forbidden", "only ServiceAccounts of gateways report activity"}
	}
	return types.NamespacedName{Namespace: namespace, Name: name}, nil
}
