// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
)

// problem is why a directory is not as it should be. It is for the policy's status; all other errors are the
// controller's, and are tried again.
type problem struct{ reason, message string }

// Error is what the status says.
func (p *problem) Error() string { return p.message }

// settings are spec.directory, made ready.
type settings struct {
	refreshInterval time.Duration
	maxStaleness    time.Duration
	hold            directory.Hold
}

// readSettings takes in spec.directory and the confirmations on the policy. The schema has checked the former.
func readSettings(p *v1alpha1.TokenPolicy) (settings, error) {
	var s settings
	var err [3]error
	s.refreshInterval, err[0] = p.Spec.Directory.RefreshInterval.Duration()
	s.maxStaleness, err[1] = p.Spec.Directory.MaxStaleness.Duration()
	s.hold.For, err[2] = p.Spec.Directory.HoldLoss.Duration()
	if joined := errors.Join(err[:]...); joined != nil {
		return s, &problem{
			reason: v1alpha1.ReasonInvalidSpec, message: fmt.Sprintf("spec.directory has a time that can't be read: %v", joined),
		}
	}
	for code := range strings.SplitSeq(p.Annotations[v1alpha1.AnnotationConfirmLoss], ",") {
		s.hold.Confirmed = append(s.hold.Confirmed, strings.TrimSpace(code))
	}
	return s, nil
}
