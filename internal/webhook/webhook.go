// SPDX-License-Identifier: Apache-2.0

// Package webhook stamps ApiTokens and TokenApprovals with who asked for them, refuses stamps that others wrote, and says
// in a warning what will become of an ApiToken. What the schema can say is not its business, nor is issuing: it has no
// side effects.
//
// config/webhook sends it only what has to be stamped: no status, no labels, no finalizers, nothing that is being deleted.
// So all of that goes on while it is down, and it may answer with an error whenever it can't tell who asked.
package webhook

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// The paths that config/webhook names.
const (
	PathTokens    = "/apitokens"
	PathApprovals = "/tokenapprovals"
)

// Options are what the webhook needs.
type Options struct {
	// Scheme knows the project's kinds.
	Scheme *runtime.Scheme
	// Keys sign and verify stamps.
	Keys Keys
	// Decider says what will become of a token.
	Decider Decider
	// Reader finds the ApiTokens that approvals are about.
	Reader client.Reader
	// Clock tells the time.
	Clock clock.PassiveClock
	// Registerer takes the metrics; nil: nobody does.
	Registerer prometheus.Registerer
	// Trail takes who asked for what; nil: nobody does.
	Trail audittrail.Recorder
}

// Keys gives the present keys for stamps.
type Keys interface {
	Ring(ctx context.Context) (*stamp.Ring, error)
}

// Handlers gives the handler of each path.
func Handlers(o Options) map[string]http.Handler {
	decoder, m := admission.NewDecoder(o.Scheme), newMetrics(o.Registerer, o.Clock)
	stamper, trail := stamper{keys: o.Keys, clock: o.Clock}, audittrail.OrNowhere(o.Trail)
	return map[string]http.Handler{
		PathTokens:    m.measured(stamp.KindToken, &tokens{decoder, stamper, o.Decider, trail}),
		PathApprovals: m.measured(stamp.KindApproval, &approvals{decoder, stamper, o.Reader, trail}),
	}
}
