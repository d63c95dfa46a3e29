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
#include "net/tls_files.hpp"

namespace authjwks::bindings {
namespace {

bool wake(const std::shared_ptr<KeySource>& source, Tick at) { return Scheduler::of_this_process().wake(source, at); }

void cancel(const KeySource& source) { Scheduler::of_this_process().cancel(source); }

/// Whether the handler of a signal has raised. Handlers run in the main thread only, so other threads need not take the
/// GIL.
bool interrupted() {
    if (syscall(SYS_gettid) != getpid()) return false;
    const PyGILState_STATE held = or_never(PyGILState_Ensure);
    const bool raised = or_never(PyErr_CheckSignals) != 0;
    PyGILState_Release(held);
    return raised;
}

/// An attribute of a Python object. @throws AttributeError or TypeError.
template <class T>
T read(const py::object& options, const char* name) {
    const py::object value = options.attr(name);
    try {
        return value.cast<T>();
    } catch (const py::cast_error&) {
        throw py::type_error(std::string(name) + " is of the wrong type");
    }
}

Clock::duration read_seconds(const py::object& options, const char* name) { return ticks(read<double>(options, name)); }

using ClientCertificate = std::optional<std::pair<std::string, std::optional<std::string>>>;

HttpOptions read_http_options(const py::object& http) {
    using Text = std::optional<std::string>;
    using Headers = std::vector<std::pair<std::string, std::string>>;
    const auto certificate = read<ClientCertificate>(http, "client_cert");
    return {
        .connect_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(read_seconds(http, "connect_timeout")),
        .allow_http = read<bool>(http, "allow_http"),
        .ca_file = read<Text>(http, "ca_file"),
        .ca_path = read<Text>(http, "ca_path"),
        .client_cert = certificate ? Text(certificate->first) : std::nullopt,
        .client_key = certificate ? certificate->second : std::nullopt,
        .proxy = read<Text>(http, "proxy"),
        .connect_to = read<std::vector<std::string>>(http, "connect_to"),
        .headers = read<Headers>(http, "headers"),
        .user_agent = "authjwks/" AUTHJWKS_VERSION,
        .is_stopping = [] { return Scheduler::of_this_process().is_stopping(); }};
}

/// @param keys, http authjwks.KeyOptions and authjwks.HttpOptions, or objects with their attributes.
RemoteOptions make_options(const py::object& keys, const py::object& http, const std::optional<py::function>& fetch) {
    const KeyOptions times{.ttl = read_seconds(keys, "ttl"),
                           .max_stale = read_seconds(keys, "max_stale"),
                           .cooldown = read_seconds(keys, "cooldown"),
                           .timeout = read_seconds(http, "timeout")};
    const bool allow_http = read<bool>(http, "allow_http");
    if (fetch) return {times, make_python_fetch(*fetch), allow_http, true, {}};
    return {times, make_http_fetch(read_http_options(http)), allow_http, false,
            read<std::vector<std::string>>(http, "credential_hosts")};
}

}  // namespace

double system_random() {
    std::random_device system;
    return std::uniform_real_distribution<double>(0.0, 1.0)(system);
}

std::shared_ptr<KeySource> open_source(std::optional<std::string> issuer, std::optional<std::string> discovery_url,
                                       std::optional<std::string> jwks_uri, const RemoteOptions& options) {
    return open_location(
        {.issuer = std::move(issuer), .discovery_url = std::move(discovery_url), .jwks_uri = std::move(jwks_uri)},
        options);
}

std::shared_ptr<KeySource> open_location(LocationOptions where, const RemoteOptions& options) {
    auto label = where.issuer.value_or(where.jwks_uri.value_or(where.discovery_url.value_or("")));
    where.allow_http = options.allow_http;
    where.credential_hosts = options.credential_hosts;
    const KeyLocation location(where);
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
    type.def(py::init(&make_options), py::arg("keys"), py::arg("http"), py::arg("fetch"));
    module.def("check_ca_file", &check_ca_file, py::arg("path"), "Refuse a file without a certificate in PEM.");
    module.def("check_client_certificate", &check_client_certificate, py::arg("certificate"), py::arg("key"),
               "Refuse files without a certificate and its key in PEM.");
}

}  // namespace authjwks::bindings
