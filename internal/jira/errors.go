// SPDX-License-Identifier: Apache-2.0

package jira

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"
)

// NotFoundError says that Jira has no such group or user.
type NotFoundError struct {
	// Thing is what was asked for, such as: group "developers".
	Thing string
}

// Error names the thing.
func (e *NotFoundError) Error() string { return "Jira has no " + e.Thing }

// RefusedError says that Jira did not take the credential, or that its user may not ask this. A person must act.
type RefusedError struct {
	// Why says what Jira did not like, and what would be right.
	Why string
	// Everywhere: the credential itself is no good, so nothing else that is asked would fare better. Some more wrong
	// passwords, and Jira wants a CAPTCHA.
	Everywhere bool
}

// Error is the reason.
func (e *RefusedError) Error() string { return e.Why }

// UnavailableError says that there is no answer that can be used. There may be one later.
type UnavailableError struct {
	// Why says what is wrong with the answer, or why there is none.
	Why string
	// Everywhere: nothing else that is asked now would fare better.
	Everywhere bool
	// RetryAfter is how long Jira asks to be left alone; 0: it did not say.
	RetryAfter time.Duration
}

// Error is the reason.
func (e *UnavailableError) Error() string { return e.Why }

// maxQuoted bounds what is repeated of other people's words, in bytes.
const maxQuoted = 160

// unanswered explains why there is no whole answer. If the caller's own context has ended, Jira is not to blame.
func unanswered(ctx context.Context, err error, timeout time.Duration) error {
	if ended := ctx.Err(); ended != nil {
		return fmt.Errorf("ask Jira: %w", ended)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return &UnavailableError{Why: fmt.Sprintf("Jira did not answer within %s", timeout)}
	}
	// Addresses and ports differ from one attempt to the next, and the URL may name a user.
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	words := err.Error()
	inner, ok := errors.AsType[*net.OpError](err)
	if ok {
		words = inner.Err.Error()
	}
	_, distrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return &UnavailableError{
		Why: "Jira can't be reached: " + quoted(words), Everywhere: distrusted || (ok && inner.Op == "dial"),
	}
}

// quoted makes other people's words short and printable.
func quoted(words string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(words, "?"))
	if len(clean) > maxQuoted {
		clean = strings.ToValidUTF8(clean[:maxQuoted], "") + "…"
	}
	return clean
}
