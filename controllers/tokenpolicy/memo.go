// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import "sync"

// memo remembers one text a key, for what need not outlive the process: lost, it costs one more look or event.
type memo struct {
	mu    sync.Mutex
	texts map[string]string
}

// is tells whether this text was the last that was remembered.
func (m *memo) is(key, text string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	known, ok := m.texts[key]
	return ok && known == text
}

// set remembers a text, "" nothing, and tells whether that is news.
func (m *memo) set(key, text string) (news bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	news = m.texts[key] != text
	if text == "" {
		delete(m.texts, key)
		return news
	}
	if m.texts == nil {
		m.texts = map[string]string{}
	}
	m.texts[key] = text
	return news
}
