// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// TestHeardIsForgotten: policies come and go, and those that are gone are not remembered.
func TestHeardIsForgotten(t *testing.T) {
	var h heard
	for i := range 100 {
		if !h.due(types.UID(fmt.Sprint("gone-", i)), noon) {
			t.Fatal("the first report is not written")
		}
	}
	if !h.due("stays", noon.Add(time.Minute)) || h.due("stays", noon.Add(2*time.Minute)) {
		t.Error("it is to be written once")
	}
	if !h.due("new", noon.Add(heardEvery)) || len(h.at) != 2 {
		t.Errorf("%d policies are remembered, want those of the last %s: %v", len(h.at), heardEvery, h.at)
	}
	if h.due("stays", noon.Add(heardEvery)) || !h.due("stays", noon.Add(heardEvery+time.Minute)) {
		t.Error("it is to be written again after that time, and not before")
	}
}
