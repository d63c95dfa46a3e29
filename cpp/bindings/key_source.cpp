#include "bindings/key_source.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pybind11/stl.h>

#include "bindings/bare_new.hpp"
#include "bindings/convert.hpp"
#include "bindings/errors.hpp"
#include "bindings/failures.hpp"
#include "bindings/python_call.hpp"
#include "bindings/remote_options.hpp"
#include "bindings/without_gil.hpp"
#include "keys/key_source.hpp"

namespace authjwks::bindings {
namespace {

/// Configured key sets may be larger than fetched ones.
constexpr KeySetLimits kFixedLimits{.max_bytes = std::size_t{16} << 20, .max_keys = 4096};

std::shared_ptr<KeySource> make_fixed(std::string_view text, std::string label) {
    // JSON is tested first because a JSON set may contain certificates in PEM, as that of Cloudflare does.
    const auto mark = text.starts_with(json::kByteOrderMark) ? json::kByteOrderMark.size() : 0;
    const auto first = text.find_first_not_of(" \t\r\n", mark);
    const bool json = first != std::string_view::npos && text[first] == '{';
    auto keys = json ? KeySet::parse(text, kFixedLimits) : KeySet::parse_pem(text, kFixedLimits);
    if (!keys) throw py::value_error("neither a JSON Web Key Set nor PEM public keys");
    if (keys->usable().empty()) throw py::value_error("no key in the set can check signatures");
    return std::make_shared<KeySource>(*std::move(keys), std::move(label));
}

std::string_view name_of(SourceState state) {
    constexpr std::array<std::string_view, 5> names{"static", "cold", "fresh", "stale", "failed"};
    return names[static_cast<std::size_t>(state)];
}

py::object seconds_or_none(std::optional<Clock::duration> duration) {
    if (!duration) return py::none();
    return py::float_(std::chrono::duration<double>(*duration).count());
}

py::dict describe_source(const KeySource& source) {
    const SourceReport report = source.report();
    py::list usable, skipped;
    if (report.keys) {
        for (const KeySet::Named& named : report.keys->usable())
            usable.append(py::make_tuple(named.key_id, text(named.key.algorithm().name)));
        for (const KeySet::Skipped& entry : report.keys->skipped())
            skipped.append(py::make_tuple(entry.index, text(authjwks::name_of(entry.reason))));
    }
    py::dict words;
    words["label"] = source.label();
    words["state"] = text(name_of(report.state));
    words["refreshing"] = report.refreshing;
    words["age"] = seconds_or_none(report.age);
    words["next_refresh"] = seconds_or_none(report.next_refresh);
    words["last_error"] = failure_or_none(report.last_failure);
    words["fetches"] = report.fetches;
    words["stale_serves"] = report.stale_serves;
    words["throttled"] = report.throttled;
    words["members"] = report.keys ? report.keys->members() : 0;
    py::list tolerated;
    const json::Tolerated faults = report.keys ? report.keys->tolerated() : json::Tolerated{};
    if (faults.byte_order_mark) tolerated.append("byte_order_mark");
    if (faults.number_out_of_range) tolerated.append("number_out_of_range");
    words["tolerated"] = tolerated;
    words["usable"] = usable;
    words["skipped"] = skipped;
    return words;
}

/// The handler of a signal that came during a wait goes before the outcome of the wait.
void raise_pending_signal() {
    if (PyErr_Occurred() != nullptr || PyErr_CheckSignals() != 0) throw py::error_already_set();
}

void prefetch(KeySource& source) {
    const auto keys =
        without_gil([&source] { return std::get<Result<Obtained>>(source.obtain(WaitPolicy::until_deadline)); });
    raise_pending_signal();
    if (!keys) raise_error(keys.error(), source.retry_after());
}

py::object refresh(KeySource& source) {
    const auto fault = without_gil([&source] { return source.refresh(); });
    raise_pending_signal();
    return failure_or_none(fault);
}

void run_due_work(KeySource& source) {
    without_gil([&source] {
        source.run_due_work();
        return true;
    });
}

/// What the handler raises for one event neither hides the next one nor changes a verdict.
void dispatch_events(KeySource& source, const py::function& handler) {
    for (const SourceEvent& event : source.take_events()) {
        try {
            const auto kind = text(authjwks::name_of(event.kind));
            if (!call_python(handler.ptr(), kind, failure_or_none(event.failure))) throw py::error_already_set();
        } catch (py::error_already_set& error) {
            discard(error);
        }
    }
}

}  // namespace

void wait_for(KeySource& source) {
    without_gil([&source] {
        source.wait();
        return true;
    });
    raise_pending_signal();
}

void bind_key_source(py::module_& module) {
    py::class_<KeySource, std::shared_ptr<KeySource>> type(
        module, "KeySource", "Where an issuer's keys come from. Thread-safe.", py::is_final());
    refuse_bare_new(type);
    type.def_static("fixed", &make_fixed, py::arg("key_set"), py::arg("label") = "", "Keys that never change.")
        .def_static("remote", &open_source, py::arg("issuer"), py::arg("discovery_url"), py::arg("jwks_uri"),
                    py::arg("options"), "Keys behind a URL, or behind what discovery names.")
        .def("report", &describe_source, "The state of the source, and its keys.")
        .def("prefetch", &prefetch, "Wait for keys, unless there are some.")
        .def("refresh", &refresh, "Ask the issuer now and wait; why no response came, or None.")
        .def("wait", &wait_for, "Wait for the response that the issuer is being asked for.")
        .def("run_due_work", &run_due_work, "Fetch if that is due; for sources that are fetched in Python.")
        .def("has_due_work", &KeySource::has_due_work, "Whether run_due_work() has something to do.")
        .def_property_readonly("label", &KeySource::label, "What events and reports call it.")
        .def_property_readonly(
            "timeout", [](const KeySource& source) { return std::chrono::duration<double>(source.timeout()).count(); },
            "Seconds that a caller waits at most.")
        .def("dispatch_events", &dispatch_events, py::arg("handler"),
             "Call handler(kind, error) for what happened since the last call.")
        .def("close", &KeySource::close, "End all fetching for good.");
}

}  // namespace authjwks::bindings
