// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

const (
	// toldEvery is how often the log has a line about what makes no sense of one policy's gateways.
	toldEvery = time.Minute
	// maxTold bounds the policies that this is remembered of.
	maxTold = 4096
)

// nonsense is what makes no sense in one report. Its zero value is none.
type nonsense struct {
	uses, first int
	err         error // of the first
}

func (n *nonsense) add(use int, err error) {
	if n.uses == 0 {
		n.first, n.err = use, err
	}
	n.uses++
}

// tell logs it, but no more often than a gateway that somebody has taken over should fill logs.
func (r *Recorder) tell(ctx context.Context, policy types.NamespacedName, n *nonsense) {
	if n.uses == 0 {
		return
	}
	if _, told := r.told.Get(policy); told {
		return
	}
	r.told.Add(policy, nil, toldEvery)
	log.FromContext(ctx).Info("a report of tokens' use makes no sense; of this policy's gateways no other is told of for a while",
		"policy", policy.String(), "uses", n.uses, "first", n.first, "error", n.err.Error(), "while", toldEvery.String())
}
