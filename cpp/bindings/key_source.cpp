#include "bindings/key_source.hpp"

#include <algorithm>
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
#include "bindings/python_call.hpp"
#include "bindings/remote_options.hpp"
#include "bindings/without_gil.hpp"
#include "jose/policy.hpp"
#include "jose/token.hpp"
#include "keys/key_source.hpp"

namespace authjwks::bindings {
namespace {

/// A set that the operator hands over is trusted to be larger than one that a server sends.
constexpr KeySetLimits kFixedLimits{.max_bytes = std::size_t{16} << 20, .max_keys = 4096};

std::shared_ptr<KeySource> make_fixed(std::string_view text, std::string label) {
    // Not the other way round: a JSON set may carry certificates in PEM, as Cloudflare's does.
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

template <class Word>
py::object word_or_none(const std::optional<Word>& word) {
    if (!word) return py::none();
    return text(authjwks::name_of(*word));
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
    words["last_error"] = word_or_none(report.last_error);
    words["fetches"] = report.fetches;
    words["stale_serves"] = report.stale_serves;
    words["throttled"] = report.throttled;
    words["members"] = report.keys ? report.keys->members() : 0;
    py::list tolerated;
    const json::Tolerated met = report.keys ? report.keys->tolerated() : json::Tolerated{};
    if (met.byte_order_mark) tolerated.append("byte_order_mark");
    if (met.number_out_of_range) tolerated.append("number_out_of_range");
    words["tolerated"] = tolerated;
    words["usable"] = usable;
    words["skipped"] = skipped;
    return words;
}

[[noreturn]] void raise(Errc code, Clock::duration retry_after = {}) {
    set_error(code, retry_after);
    throw py::error_already_set();
}

/// Whoever interrupts a wait is not to be answered with its outcome.
void raise_pending_signal() {
    if (PyErr_Occurred() != nullptr || PyErr_CheckSignals() != 0) throw py::error_already_set();
}

void prefetch(KeySource& source) {
    const auto keys =
        without_gil([&source] { return std::get<Result<Obtained>>(source.obtain(WaitPolicy::until_deadline)); });
    raise_pending_signal();
    if (!keys) raise(keys.error(), source.retry_after());
}

py::object refresh(KeySource& source) {
    const auto fault = without_gil([&source] { return source.refresh(); });
    raise_pending_signal();
    return word_or_none(fault);
}

void run_due_work(KeySource& source) {
    without_gil([&source] {
        source.run_due_work();
        return true;
    });
}

void wait(KeySource& source) {
    without_gil([&source] {
        source.wait();
        return true;
    });
    raise_pending_signal();
}

/// What one call raises must not hide the next event, nor cost anyone a verdict.
void dispatch_events(KeySource& source, const py::function& tell) {
    for (const SourceEvent& event : source.take_events()) {
        try {
            const auto words = py::make_tuple(text(authjwks::name_of(event.kind)), word_or_none(event.fault));
            if (!call_python(tell.ptr(), words)) throw py::error_already_set();
        } catch (py::error_already_set& error) {
            discard(error);
        }
    }
}

/// The keys at hand: these functions never ask the issuer.
Snapshot keys_of(const KeySource& source) {
    auto keys = source.report().keys;
    if (!keys) raise(Errc::keys_unavailable, source.retry_after());
    return keys;
}

bool verify_signature(const KeySource& source, std::string_view algorithm, std::optional<std::string_view> key_id,
                      const py::bytes& message, const py::bytes& signature) {
    const auto row = find_algorithm(algorithm);
    if (!row) raise(row.error());
    const auto keys = keys_of(source);
    const auto candidates = keys->find(key_id, **row);
    return std::ranges::any_of(candidates.keys(), [&](const PublicKey* key) {
        return key->verifies(std::string_view(message), std::string_view(signature));
    });
}

py::bytes open_compact(const KeySource& source, std::string_view token, const std::vector<std::string>& algorithms) {
    AlgorithmSet allowed;
    for (const std::string& name : algorithms) {
        const auto row = find_algorithm(name);
        if (!row) raise(row.error());
        allowed.insert(**row);
    }
    const ScratchLease scratch;
    const auto compact = split_compact(token, kMaxTokenBytes);
    if (!compact) raise(compact.error());
    const auto parsed = ParsedToken::parse(*compact, allowed, *scratch);
    if (!parsed) raise(parsed.error());
    const auto verified = VerifiedToken::check(*parsed, *keys_of(source));
    if (!verified) raise(verified.error());
    const auto payload = verified->payload();
    if (!payload) raise(payload.error());
    return {payload->data(), payload->size()};
}

}  // namespace

void bind_key_source(py::module_& module) {
    py::class_<KeySource, std::shared_ptr<KeySource>> type(
        module, "KeySource", "Where an issuer's keys come from. Safe from many threads.", py::is_final());
    refuse_bare_new(type);
    type.def_static("fixed", &make_fixed, py::arg("key_set"), py::arg("label") = "", "Keys that never change.")
        .def_static("remote", &open_source, py::arg("issuer"), py::arg("discovery_url"), py::arg("jwks_uri"),
                    py::arg("options"), "Keys behind a URL, or behind what discovery names.")
        .def("report", &describe_source, "How the source is doing, and its keys.")
        .def("prefetch", &prefetch, "Wait for keys, unless there are some.")
        .def("refresh", &refresh, "Ask the issuer now and wait; why no answer came, or None.")
        .def("attend", &wait, "Wait for the answer that the issuer is being asked for.")
        .def("tick", &run_due_work, "Do what is due; for sources that are fetched in Python.")
        .def("has_due_work", &KeySource::has_due_work, "Whether tick() has something to do.")
        .def_property_readonly("label", &KeySource::label, "What events and reports call it.")
        .def_property_readonly(
            "timeout", [](const KeySource& source) { return std::chrono::duration<double>(source.timeout()).count(); },
            "Seconds that a caller waits at most.")
        .def("dispatch_events", &dispatch_events, py::arg("tell"),
             "Call tell(kind, error) for what happened since the last call.")
        .def("close", &KeySource::close, "End all fetching for good.")
        .def("verify_signature", &verify_signature, py::arg("algorithm"), py::arg("key_id"), py::arg("message"),
             py::arg("signature"), "Whether a key of this source made the signature. Never fetches.")
        .def("open_compact", &open_compact, py::arg("token"), py::arg("algorithms"),
             "The payload of a compact JWS after its signature was checked. Never fetches.");
}

}  // namespace authjwks::bindings
