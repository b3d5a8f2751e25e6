// SPDX-License-Identifier: Apache-2.0

// Package namespaced lets the manager work with rights in some namespaces in place of the whole cluster.
package namespaced

import "slices"

// Set is which namespaces the manager works on; empty: all.
type Set []string

// Has tells whether the manager works on a namespace.
func (s Set) Has(name string) bool { return len(s) == 0 || slices.Contains(s, name) }
