// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/manager"

	use "github.com/jiratokens/jira-token-operator/internal/activity"
)

// activityPlaces: a connection takes some 50 KiB, and a gateway has one, while it reports. Gateways outside the cluster may share
// an address.
func activityPlaces() places { return places{inAll: 1024, perAddress: 64} }

// activityServer serves reports on every replica. Anybody in the cluster may connect to it, so nobody keeps a connection who has
// not proved to be a gateway.
func (o *Options) activityServer(ctx context.Context, recorder http.Handler) (*manager.Server, error) {
	listener, err := listen(ctx, o.Activity.Address, activityPlaces(), &tls.Config{
		GetCertificate: o.Admission.serving.GetCertificate, MinVersion: tls.VersionTLS12,
	})
	if err != nil {
		return nil, fmt.Errorf("listen for reports of activity: %w", err)
	}
	return serving("activity", listener, activityHTTP(recorder)), nil
}

// activityHTTP bounds how long anything takes. A report is held while it is written, which its handler bounds.
func activityHTTP(recorder http.Handler) *http.Server {
	p := pace{headers: 10 * time.Second, request: 30 * time.Second, answer: time.Minute, pause: time.Minute}
	return p.server(closing{recorder}, 32<<10)
}

// closing ends connections with each answer that is no result of a report.
type closing struct{ recorder http.Handler }

// ServeHTTP implements http.Handler.
func (c closing) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	answer := &closingAnswer{ResponseWriter: w}
	if request.URL.Path == use.Path {
		c.recorder.ServeHTTP(answer, request)
	} else {
		http.NotFound(answer, request)
	}
	if answer.refused { // what is left of the request would be waited for
		_ = http.NewResponseController(w).SetReadDeadline(time.Now())
	}
}

type closingAnswer struct {
	http.ResponseWriter

	refused bool
}

// WriteHeader implements http.ResponseWriter. With that header the server answers without waiting for the rest of the request.
func (a *closingAnswer) WriteHeader(status int) {
	if status != http.StatusOK {
		a.refused = true
		a.Header().Set("Connection", "close")
	}
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (a *closingAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
