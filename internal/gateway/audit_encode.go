// SPDX-License-Identifier: Apache-2.0

package gateway

import "github.com/jiratokens/jira-token-operator/internal/jsonline"

func (l *auditLine) encode() ([]byte, error) { return jsonline.Marshal(l) }

// bounded cuts text at a limit and makes it valid UTF-8; encode escapes the rest.
func bounded(text string, limit int) string { return jsonline.Bounded(text, limit) }
