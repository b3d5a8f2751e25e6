// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	promclient "github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	ctrlconfig "sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/jiratokens/jira-token-operator/controllers/setup"
	"github.com/jiratokens/jira-token-operator/internal/activity"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/cli"
	"github.com/jiratokens/jira-token-operator/internal/gateway"
	"github.com/jiratokens/jira-token-operator/internal/gateway/mirror"
	"github.com/jiratokens/jira-token-operator/internal/gateway/reporter"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

// registered takes collectors, and remembers what they describe: also metrics that have no series yet.
type registered map[string]bool

var descName = regexp.MustCompile(`fqName: "([^"]+)"`)

func (r registered) Register(c promclient.Collector) error {
	descs := make(chan *promclient.Desc, 100)
	go func() { c.Describe(descs); close(descs) }()
	for d := range descs {
		r[descName.FindStringSubmatch(d.String())[1]] = true
	}
	return nil
}

func (r registered) MustRegister(all ...promclient.Collector) {
	for _, c := range all {
		_ = r.Register(c)
	}
}

func (registered) Unregister(promclient.Collector) bool { return false }

// ours are all metrics that the programs register, put together as their mains do.
func ours(t *testing.T) registered {
	t.Helper()
	all := registered{}
	all.MustRegister(cli.BuildInfo("manager"), cli.BuildInfo("gateway"))
	audittrail.New(io.Discard, clock.RealClock{}, all, logr.Discard()).Close()
	config := rest.CopyConfig(local.Config)
	scheme, err := setup.Scheme()
	must(t, err)
	cacheOptions, err := setup.CacheOptions()
	must(t, err)
	addresses, err := stack.FreeAddresses(2)
	must(t, err)
	admission, err := setup.NewAdmission(config, scheme, setup.AdmissionOptions{
		Namespace: "default", Webhook: true, Address: addresses[0], Host: addresses[0], ActivityHost: addresses[1], Registerer: all,
	})
	must(t, err)
	mgr, err := ctrl.NewManager(config, ctrl.Options{ // it is never started
		Scheme: scheme, Cache: cacheOptions, Metrics: metricsserver.Options{BindAddress: "0"}, WebhookServer: admission.WebhookServer(),
		Controller: ctrlconfig.Controller{SkipNameValidation: new(true)},
	})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	must(t, setup.Controllers(ctx, mgr, setup.Options{
		GatewayImage: "x", TokenConcurrency: 1, Admission: admission, Registerer: all,
		Activity: setup.ActivityOptions{WritesPerSecond: 1, Address: addresses[1]},
	}))

	table := grant.NewTable()
	m, err := mirror.New(mirror.Options{
		REST: config, Namespace: "a", Policy: "b", ConfigName: "c", Grants: table, Registerer: all, Log: logr.Discard(),
		OnConfig: func(*gatewayconfig.Config, []gatewayconfig.Secret) error { return nil },
	})
	must(t, err)
	reporter.New(reporter.Options{Table: activity.NewTable(), Registerer: all})
	gateway.New(gateway.Options{
		Grants: table, Freshness: m, Clock: clock.RealClock{}, Registerer: all, Log: logr.Discard(),
	}).Close()
	return all
}

var documented = regexp.MustCompile("(?m)^\\| `(jiratokens_[a-z_]+)(?:\\{[^}`]*\\})?` \\|")

// TestMetricsAreDocumented: each metric of ours is in the tables of docs/monitoring.md, and nothing else is.
func TestMetricsAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "monitoring.md"))
	must(t, err)
	said := map[string]bool{}
	for _, match := range documented.FindAllStringSubmatch(string(text), -1) {
		if said[match[1]] {
			t.Errorf("%s is documented twice", match[1])
		}
		said[match[1]] = true
	}
	have := ours(t)
	if len(have) < 40 {
		t.Errorf("only %d metrics are registered", len(have))
	}
	for name := range have {
		if !said[name] {
			t.Errorf("docs/monitoring.md does not tell of %s", name)
		}
	}
	for name := range said {
		if !have[name] {
			t.Errorf("docs/monitoring.md tells of %s, which nobody registers", name)
		}
	}
}

var (
	once  sync.Once
	names map[string]bool
)

// scraped are the names of all metrics that a Prometheus could get from both programs.
func scraped(t *testing.T) map[string]bool {
	t.Helper()
	once.Do(func() { names = scrape(t) })
	return names
}

func scrape(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{"up": true}
	for name := range ours(t) {
		names[name] = true
	}
	for _, address := range []string{local.ManagerMetricsAddress(), local.GatewayAdminAddress} {
		response, err := http.Get("http://" + address + "/metrics")
		must(t, err)
		text, err := io.ReadAll(response.Body)
		must(t, err)
		must(t, response.Body.Close())
		for line := range strings.Lines(string(text)) {
			if family, ok := strings.CutPrefix(line, "# TYPE "); ok {
				name, _, _ := strings.Cut(family, " ")
				names[name] = true
			}
		}
	}
	return names
}

var metricName = regexp.MustCompile(`\b(?:jiratokens|controller_runtime|leader_election|process|up)(?:_[a-z_]+)?\b`)

// metricNames are those in an expression, without what Prometheus adds to the names of histograms.
func metricNames(expr string) (names []string) {
	withoutStrings := regexp.MustCompile(`"[^"]*"`).ReplaceAllString(expr, `""`)
	for _, name := range metricName.FindAllString(withoutStrings, -1) {
		names = append(names, strings.TrimSuffix(name, "_bucket"))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// TestMetricsOfOthersAreThere: those of controller-runtime that the page names exist under that name.
func TestMetricsOfOthersAreThere(t *testing.T) {
	needsPrometheus(t)
	text, err := os.ReadFile(filepath.Join(root, "docs", "monitoring.md"))
	must(t, err)
	found := regexp.MustCompile("`((?:controller_runtime|workqueue|leader_election)_[a-z_]+)[{`]").FindAllStringSubmatch(string(text), -1)
	if len(found) < 5 {
		t.Errorf("the page names %v", found)
	}
	for _, match := range found {
		if !scraped(t)[match[1]] {
			t.Errorf("docs/monitoring.md tells of %s, which nobody has", match[1])
		}
	}
}

// The programs show no token, no hash and no name of a person in their metrics.
func TestMetricsHoldNoSecret(t *testing.T) {
	needsPrometheus(t)
	for _, address := range []string{local.ManagerMetricsAddress(), local.GatewayAdminAddress} {
		response, err := http.Get("http://" + address + "/metrics")
		must(t, err)
		text, err := io.ReadAll(response.Body)
		must(t, err)
		must(t, response.Body.Close())
		for _, word := range []string{"jat_", "alice", "bob"} {
			if strings.Contains(string(text), word) {
				t.Errorf("%s is in the metrics of %s", word, address)
			}
		}
	}
}
