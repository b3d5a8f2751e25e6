// SPDX-License-Identifier: Apache-2.0

package policy

// checkTokenHash refuses a token that was made elsewhere, unless the rule allows such: nobody can tell from a hash how
// random its token is, or who else has it.
func (l *limits) checkTokenHash(r *Request, f *findings) {
	if r.TokenHash && !l.tokenHash {
		f.refuse("it allows no token that was made elsewhere (its limits.tokenHash): take spec.tokenHash out, and the operator " +
			"makes the token")
	}
}
