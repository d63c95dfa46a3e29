#include "bindings/testing.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pybind11/stl.h>

#include "bindings/errors.hpp"
#include "bindings/verifier.hpp"
#include "jose/policy.hpp"
#include "jose/token.hpp"
#include "keys/key_source.hpp"

namespace authjwks::bindings {
namespace {

const Algorithm& algorithm_named(std::string_view name) {
    const auto row = find_algorithm(name);
    if (!row) raise_error(row.error());
    return **row;
}

/// The keys at hand. Never fetches.
Snapshot keys_of(const KeySource& source) {
    auto keys = source.report().keys;
    if (!keys) raise_error(Errc::keys_unavailable, source.retry_after());
    return keys;
}

bool verify_signature(const KeySource& source, std::string_view algorithm, std::optional<std::string_view> key_id,
                      const py::bytes& message, const py::bytes& signature) {
    const Algorithm& row = algorithm_named(algorithm);
    const auto keys = keys_of(source);
    const auto candidates = keys->find(key_id, row);
    return std::ranges::any_of(candidates.keys(), [&](const PublicKey* key) {
        return key->verifies(std::string_view(message), std::string_view(signature));
    });
}

py::bytes open_compact(const KeySource& source, std::string_view token, const std::vector<std::string>& algorithms) {
    AlgorithmSet allowed;
    for (const std::string& name : algorithms) allowed.insert(algorithm_named(name));
    const ScratchLease scratch;
    const auto compact = split_compact(token, kMaxTokenBytes);
    if (!compact) raise_error(compact.error());
    const auto parsed = ParsedToken::parse(*compact, allowed, *scratch);
    if (!parsed) raise_error(parsed.error());
    const auto verified = VerifiedToken::check(*parsed, *keys_of(source));
    if (!verified) raise_error(verified.error());
    const auto payload = verified->payload();
    if (!payload) raise_error(payload.error());
    return {payload->data(), payload->size()};
}

py::object verify_at(const py::object& verifier, const py::object& token, double now) {
    if (!is_verifier(verifier)) throw py::type_error("verify_at() takes a Verifier");
    if (!std::isfinite(now)) throw py::value_error("verify_at() takes a finite time");
    auto claims = py::reinterpret_steal<py::object>(
        verify_token(verifier.ptr(), token.ptr(), Instant{Seconds{now}}, WaitPolicy::until_deadline));
    if (!claims) throw py::error_already_set();
    return claims;
}

}  // namespace

void bind_testing(py::module_& module) {
    auto testing = module.def_submodule("testing", "Single steps of the core, for tests.");
    testing.def("verify_signature", &verify_signature, py::arg("source"), py::arg("algorithm"), py::arg("key_id"),
                py::arg("message"), py::arg("signature"), "Whether a key of the source made the signature.");
    testing.def("open_compact", &open_compact, py::arg("source"), py::arg("token"), py::arg("algorithms"),
                "The payload of a compact JWS after its signature was checked.");
    testing.def("verify_at", &verify_at, py::arg("verifier"), py::arg("token"), py::arg("now"),
                "As Verifier.verify, at `now`, in seconds since the epoch.");
}

}  // namespace authjwks::bindings
