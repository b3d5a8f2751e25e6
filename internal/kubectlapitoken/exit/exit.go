// SPDX-License-Identifier: Apache-2.0

// Package exit says how the plugin ends when something did not go as was asked: scripts tell the cases apart by the exit
// code.
package exit

import (
	"errors"
	"fmt"
)

// Exit codes of all commands. can-i alone, which has nothing but an answer, says no with Failed.
const (
	OK         = 0
	Failed     = 1 // something could not be done; can-i: not permitted
	Usage      = 2
	Incomplete = 3 // not known, or only a part could be done or read
	Refused    = 4 // the answer is no: the policy, an approver, the gateway or Jira refuses
	NotFound   = 5
	TimedOut   = 6
)

// Error is an error with an exit code.
type Error struct {
	Code  int
	cause error
	// Said tells that the output says it already.
	Said bool
}

// Error is what went wrong.
func (e *Error) Error() string { return e.cause.Error() }

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.cause }

// Errorf makes an error that ends the plugin with a code.
func Errorf(code int, format string, args ...any) error {
	return &Error{Code: code, cause: fmt.Errorf(format, args...)}
}

// Quietly ends the plugin with a code and says nothing more: the output has said it.
func Quietly(code int) error {
	return &Error{Code: code, cause: fmt.Errorf("exit code %d", code), Said: true}
}

// CodeOf is the exit code that an error asks for; 0: it asks for none.
func CodeOf(err error) (code int, said bool) {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code, e.Said
	}
	return 0, false
}
