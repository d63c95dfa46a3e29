#include "bindings/remote_options.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>
#include <vector>

#include <pybind11/stl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bindings/bare_new.hpp"
#include "bindings/convert.hpp"
#include "bindings/python_call.hpp"
#include "bindings/python_fetch.hpp"
#include "keys/scheduler.hpp"
#include "net/http.hpp"

namespace authjwks::bindings {
namespace {

bool wake(const std::shared_ptr<KeySource>& source, Tick at) { return Scheduler::of_this_process().wake(source, at); }

void cancel(const KeySource& source) { Scheduler::of_this_process().cancel(source); }

/// Whether a signal's handler has raised. Handlers run in the main thread only, so no other takes the GIL to find out.
bool interrupted() {
    if (syscall(SYS_gettid) != getpid()) return false;
    const PyGILState_STATE held = or_never(PyGILState_Ensure);
    const bool raised = or_never(PyErr_CheckSignals) != 0;
    PyGILState_Release(held);
    return raised;
}

RemoteOptions make_options(double ttl, double max_stale, double cooldown, double timeout, double connect_timeout,
                           bool allow_http, std::optional<std::string> ca_file, std::optional<std::string> ca_path,
                           std::optional<std::string> client_cert, std::optional<std::string> client_key,
                           std::optional<std::string> proxy, std::vector<std::string> connect_to,
                           std::vector<std::pair<std::string, std::string>> headers,
                           std::vector<std::string> credential_hosts, const std::optional<py::function>& fetch) {
    const KeyOptions keys{ticks(ttl), ticks(max_stale), ticks(cooldown), ticks(timeout)};
    if (fetch) return {keys, make_python_fetch(*fetch), allow_http, true, {}};
    HttpOptions http{.connect_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(ticks(connect_timeout)),
                     .allow_http = allow_http,
                     .ca_file = std::move(ca_file),
                     .ca_path = std::move(ca_path),
                     .client_cert = std::move(client_cert),
                     .client_key = std::move(client_key),
                     .proxy = std::move(proxy),
                     .connect_to = std::move(connect_to),
                     .headers = std::move(headers),
                     .user_agent = "authjwks/" AUTHJWKS_VERSION,
                     .is_stopping = [] { return Scheduler::of_this_process().is_stopping(); }};
    return {keys, make_http_fetch(std::move(http)), allow_http, false, std::move(credential_hosts)};
}

}  // namespace

double system_random() {
    std::random_device system;
    return std::uniform_real_distribution<double>(0.0, 1.0)(system);
}

std::shared_ptr<KeySource> open_source(std::optional<std::string> issuer, std::optional<std::string> discovery_url,
                                       std::optional<std::string> jwks_uri, const RemoteOptions& options) {
    auto label = issuer.value_or(jwks_uri.value_or(discovery_url.value_or("")));
    const KeyLocation location({std::move(issuer), std::move(discovery_url), std::move(jwks_uri), options.allow_http,
                                options.credential_hosts});
    KeySourceDependencies dependencies{
        .label = std::move(label),
        .load = [location, fetch = options.fetch](const LoadRequest& request) { return location.load(fetch, request); },
        .now = [] { return Clock::now(); },
        .jitter = system_random,
        .interrupted = interrupted};
    if (!options.fetches_in_python) {
        dependencies.wake = wake;
        dependencies.cancel = cancel;
    }
    return std::make_shared<KeySource>(options.keys, std::move(dependencies));
}

void bind_remote_options(py::module_& module) {
    py::class_<RemoteOptions> type(module, "RemoteOptions", "How issuers are asked. Immutable.", py::is_final());
    refuse_bare_new(type);
    type.def(py::init(&make_options), py::kw_only(), py::arg("ttl"), py::arg("max_stale"), py::arg("cooldown"),
             py::arg("timeout"), py::arg("connect_timeout"), py::arg("allow_http"), py::arg("ca_file"),
             py::arg("ca_path"), py::arg("client_cert"), py::arg("client_key"), py::arg("proxy"), py::arg("connect_to"),
             py::arg("headers"), py::arg("credential_hosts"), py::arg("fetch"));
}

}  // namespace authjwks::bindings
