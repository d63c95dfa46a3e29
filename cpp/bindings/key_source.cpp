#include "bindings/key_source.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <pybind11/stl.h>

#include "bindings/convert.hpp"
#include "bindings/errors.hpp"
#include "jose/token.hpp"
#include "keys/http.hpp"
#include "keys/key_source.hpp"

namespace authjwks::bindings {
namespace {

/// A set that the operator hands over is trusted to be larger than one that a server sends.
constexpr KeySetLimits kFixedLimits{.max_bytes = std::size_t{16} << 20, .max_keys = 4096};

Clock::duration ticks(double seconds) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

double seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

double random_jitter() {
    thread_local std::minstd_rand engine{std::random_device{}()};
    return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
}

std::shared_ptr<KeySource> make_fixed(std::string_view text) {
    // Not the other way round: a JSON set may carry certificates in PEM, as Cloudflare's does.
    const auto first = text.find_first_not_of(" \t\r\n");
    const bool json = first != std::string_view::npos && text[first] == '{';
    auto keys = json ? KeySet::parse(text, kFixedLimits) : KeySet::parse_pem(text, kFixedLimits);
    if (!keys) throw py::value_error("neither a JSON Web Key Set nor PEM public keys");
    if (keys->usable().empty()) throw py::value_error("no key in the set can check signatures");
    return std::make_shared<KeySource>(*std::move(keys));
}

std::shared_ptr<KeySource> make_remote(std::optional<std::string> issuer, std::optional<std::string> discovery_url,
                                       std::optional<std::string> jwks_uri, double ttl, double max_stale,
                                       double cooldown, double timeout, double connect_timeout, bool allow_http,
                                       std::optional<std::string> ca_file,
                                       const std::map<std::string, std::string>& headers) {
    const KeyLocation location(
        {std::move(issuer), std::move(discovery_url), std::move(jwks_uri), allow_http});
    const Fetch fetch = make_http_fetch(
        {.connect_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(ticks(connect_timeout)),
         .allow_http = allow_http,
         .ca_file = std::move(ca_file),
         .headers = {headers.begin(), headers.end()},
         .user_agent = "authjwks/" AUTHJWKS_VERSION});
    Surroundings surroundings{[location, fetch](Tick deadline, bool no_cache) {
                                  return location.load(fetch, deadline, no_cache);
                              },
                              [] { return Clock::now(); }, random_jitter};
    const KeyOptions options{ticks(ttl), ticks(max_stale), ticks(cooldown), ticks(timeout)};
    return std::make_shared<KeySource>(options, std::move(surroundings));
}

std::string_view name_of(SourceState state) {
    constexpr std::array<std::string_view, 5> names{"static", "cold", "fresh", "stale", "failed"};
    return names[static_cast<std::size_t>(state)];
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
    words["state"] = text(name_of(report.state));
    words["age"] = report.age ? py::object(py::float_(seconds(*report.age))) : py::none();
    words["next_refresh"] = report.next_refresh ? py::object(py::float_(seconds(*report.next_refresh))) : py::none();
    words["last_error"] = report.last_error ? py::object(text(authjwks::name_of(*report.last_error))) : py::none();
    words["fetches"] = report.fetches;
    words["usable"] = usable;
    words["skipped"] = skipped;
    return words;
}

[[noreturn]] void raise(Errc code) {
    set_error(code);
    throw py::error_already_set();
}

/// The keys at hand: these functions never ask the issuer.
Snapshot keys_of(const KeySource& source) {
    auto keys = source.report().keys;
    if (!keys) raise(Errc::keys_unavailable);
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
    const LentScratch scratch;
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
    py::class_<KeySource, std::shared_ptr<KeySource>>(
        module, "KeySource", "Where an issuer's keys come from. Safe from many threads.", py::is_final())
        .def_static("fixed", &make_fixed, py::arg("key_set"), "Keys that never change.")
        .def_static("remote", &make_remote, py::arg("issuer"), py::arg("discovery_url"), py::arg("jwks_uri"),
                    py::arg("ttl"), py::arg("max_stale"), py::arg("cooldown"), py::arg("timeout"),
                    py::arg("connect_timeout"), py::arg("allow_http"), py::arg("ca_file"), py::arg("headers"),
                    "Keys behind a URL, or behind what discovery names.")
        .def("report", &describe_source, "How the source is doing, and its keys.")
        .def("verify_signature", &verify_signature, py::arg("algorithm"), py::arg("key_id"), py::arg("message"),
             py::arg("signature"), "Whether a key of this source made the signature. Never fetches.")
        .def("open_compact", &open_compact, py::arg("token"), py::arg("algorithms"),
             "The payload of a compact JWS after its signature was checked. Never fetches.");
}

}  // namespace authjwks::bindings
