#include "bindings/verifier.hpp"

#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pybind11/stl.h>

#include "bindings/bare_new.hpp"
#include "bindings/convert.hpp"
#include "bindings/errors.hpp"
#include "bindings/free_threading.hpp"
#include "bindings/key_source.hpp"
#include "bindings/python_call.hpp"
#include "bindings/python_host.hpp"
#include "engine/authenticator.hpp"

namespace authjwks::bindings {
namespace {

/// An authenticator, and the functions to report to.
struct BoundVerifier {
    Authenticator authenticator;
    py::object on_events;   ///< called with a KeySource that has events or due work; may be None
    py::object on_verdict;  ///< called with (source, code, from_cache, claim) after each final verdict; may be None
    py::object on_refusal;  ///< called with (source, code, claim) after each refusal; may be None
};

/// A token whose verdict has to wait for a response of its issuer.
struct PendingVerdict {
    py::object verifier, token;
    std::shared_ptr<KeySource> source;
    bool is_conclusive;
};

/// Null for an object whose __init__ never ran.
const BoundVerifier* verifier_of(PyObject* self) {
    return static_cast<BoundVerifier*>(
        reinterpret_cast<py::detail::instance*>(self)->get_value_and_holder().value_ptr());
}

/// Whether `token` is a str that can be read, or None. If not, a Python exception is set.
bool is_text_or_none(PyObject* token) {
    if (token == Py_None) return true;
    if (PyUnicode_Check(token) == 0) {
        PyErr_SetString(PyExc_TypeError, "verify() takes a str");
        return false;
    }
#if PY_VERSION_HEX < 0x030C0000
    return PyUnicode_READY(token) == 0;
#else
    return true;
#endif
}

/// The characters of a token, in place. Tokens are ASCII; any other text is refused without converting it.
Result<std::string_view> borrow(PyObject* token) {
    if (token == Py_None || PyUnicode_GET_LENGTH(token) == 0) return Errc::missing_token;
    if (PyUnicode_IS_ASCII(token) == 0) return Errc::bad_base64url;
    return std::string_view(static_cast<const char*>(PyUnicode_DATA(token)),
                            static_cast<std::size_t>(PyUnicode_GET_LENGTH(token)));
}

/// Calls a function of the user for its effect. What it raises changes no verdict.
template <class... Arguments>
void notify(const py::object& function, const Arguments&... arguments) {
    try {
        if (!call_python(function.ptr(), arguments...)) throw py::error_already_set();
    } catch (py::error_already_set& error) {
        discard(error);
    }
}

/// Events are collected by threads without the GIL, and passed on by the next caller who holds it.
void pass_on_events(const BoundVerifier& verifier, const SourceHandle& source) {
    if (!source || !(source->has_events() || source->has_due_work()) || verifier.on_events.is_none()) return;
    notify(verifier.on_events, py::cast(source.share()));
}

void report_acceptance(const BoundVerifier& verifier, const Verdict& verdict) {
    if (verifier.on_verdict.is_none()) return;
    notify(verifier.on_verdict, py::cast(verdict.source.share()), py::none(), py::bool_(verdict.is_from_cache),
           py::none());
}

void report_refusal(const BoundVerifier& verifier, const Verdict& verdict) {
    if (verifier.on_verdict.is_none() && verifier.on_refusal.is_none()) return;
    const py::object code = slug_of(verdict.refusal);
    const py::object claim = verdict.claim.empty() ? py::object(py::none()) : text(verdict.claim);
    const py::object source = verdict.source ? py::cast(verdict.source.share()) : py::none();
    if (!verifier.on_refusal.is_none()) notify(verifier.on_refusal, source, code, claim);
    if (!verifier.on_verdict.is_none())
        notify(verifier.on_verdict, source, code, py::bool_(verdict.is_from_cache), claim);
}

PyObject* raise_refusal(const BoundVerifier& verifier, const Verdict& verdict) {
    report_refusal(verifier, verdict);
    set_error({verdict.refusal, verdict.claim}, verdict.retry_after);
    return nullptr;
}

/// What the caller gets for a verdict. @return a new reference, or null with a Python exception set.
PyObject* conclude(const BoundVerifier& verifier, PyObject* self, PyObject* token, const Verdict& verdict,
                   py::object& claims) {
    using Kind = Verdict::Kind;
    if (verdict.kind == Kind::abandoned || (verdict.kind == Kind::accepted && !claims)) return nullptr;
    // The handler of a signal that came during the wait goes before the failure of the wait.
    if (verdict.kind == Kind::refused && PyErr_CheckSignals() != 0) return nullptr;
    pass_on_events(verifier, verdict.source);
    if (verdict.kind == Kind::refused) return raise_refusal(verifier, verdict);
    if (verdict.kind == Kind::pending)
        return py::cast(PendingVerdict{py::reinterpret_borrow<py::object>(self),
                                       py::reinterpret_borrow<py::object>(token), verdict.source.share(),
                                       verdict.is_conclusive})
            .release()
            .ptr();
    report_acceptance(verifier, verdict);
    return claims.release().ptr();
}

PyObject* verify(PyObject* self, PyObject* token) {
    return verify_token(self, token, std::chrono::system_clock::now(), WaitPolicy::until_deadline);
}

PyObject* verify_or_pending(PyObject* self, PyObject* token) {
    return verify_token(self, token, std::chrono::system_clock::now(), WaitPolicy::never);
}

py::object resume(const PendingVerdict& pending) {
    const auto wait = pending.is_conclusive ? WaitPolicy::no_fetch : WaitPolicy::never_again;
    auto result = py::reinterpret_steal<py::object>(
        verify_token(pending.verifier.ptr(), pending.token.ptr(), std::chrono::system_clock::now(), wait));
    if (!result) throw py::error_already_set();
    return result;
}

/// pybind11's own dispatcher takes longer than all else that a cache hit does, so these are plain C functions.
PyMethodDef hot_methods[]{
    {"verify", verify, METH_O,
     "verify($self, token, /)\n--\n\nThe claims of a token that passed every check; waits for keys when there are none."},
    {"verify_or_pending", verify_or_pending, METH_O,
     "verify_or_pending($self, token, /)\n--\n\nAs verify, but a Pending where it would have to wait."},
};

using CacheLimits = std::pair<std::size_t, std::size_t>;  // bytes, entries
using Texts = std::vector<std::string>;
using ExpectedClaims = std::vector<std::pair<std::string, std::vector<ExpectedClaim::Value>>>;

std::vector<ExpectedClaim> read_expected(const ExpectedClaims& given) {
    std::vector<ExpectedClaim> expected;
    for (const auto& [name, values] : given) expected.emplace_back(name, values);
    return expected;
}

std::unique_ptr<BoundVerifier> make_verifier(Authenticator::Keys keys, std::optional<Texts> issuers,
                                             const Texts& issuer_templates, std::optional<Texts> audiences,
                                             Texts algorithms, double leeway, Texts required_claims,
                                             const ExpectedClaims& expected_claims, bool refuse_id_tokens,
                                             bool accept_bound_tokens, std::optional<Texts> token_types,
                                             std::size_t max_token_bytes, std::optional<CacheLimits> token_cache,
                                             py::object on_events, py::object on_verdict, py::object on_refusal) {
    Policy policy({.issuers = std::move(issuers),
                   .issuer_templates = {issuer_templates.begin(), issuer_templates.end()},
                   .audiences = std::move(audiences),
                   .token_types = std::move(token_types),
                   .algorithms = std::move(algorithms),
                   .required_claims = std::move(required_claims),
                   .expected_claims = read_expected(expected_claims),
                   .refuse_id_tokens = refuse_id_tokens,
                   .accept_bound_tokens = accept_bound_tokens,
                   .leeway = Seconds{leeway},
                   .max_token_bytes = max_token_bytes});
    std::unique_ptr<TokenCache> cache;
    if (token_cache) cache = std::make_unique<TokenCache>(TokenCache::Limits{token_cache->first, token_cache->second});
    return std::make_unique<BoundVerifier>(Authenticator(std::move(keys), std::move(policy), std::move(cache)),
                                           std::move(on_events), std::move(on_verdict), std::move(on_refusal));
}

std::optional<py::dict> cache_report(const BoundVerifier& verifier) {
    const TokenCache* const cache = verifier.authenticator.cache();
    if (cache == nullptr) return std::nullopt;
    const auto report = cache->report();
    py::dict words;
    words["hits"] = report.hits;
    words["misses"] = report.misses;
    words["evictions"] = report.evictions;
    words["entries"] = report.entries;
    words["bytes"] = report.bytes;
    return words;
}

void bind_pending(py::module_& module) {
    py::class_<PendingVerdict> type(module, "Pending", "A token whose verdict waits for a response of its issuer.",
                                    py::is_final());
    refuse_bare_new(type);
    type.def_property_readonly(
            "source", [](const PendingVerdict& pending) { return pending.source; }, "What is waited for.")
        .def(
            "wait", [](const PendingVerdict& pending) { wait_for(*pending.source); },
            "Wait until the issuer has responded or was given up.")
        .def("resume", &resume, "The verdict, after the wait.");
}

}  // namespace

bool is_verifier(py::handle object) { return py::isinstance<BoundVerifier>(object); }

/// The token is a str, which never changes and which the caller holds, so its characters can be read without the GIL.
PyObject* verify_token(PyObject* self, PyObject* token, Instant now, WaitPolicy wait) {
    const BoundVerifier* const verifier = verifier_of(self);
    if (verifier == nullptr) {
        PyErr_SetString(PyExc_TypeError, "Verifier.__init__() was not called");
        return nullptr;
    }
    if (!is_text_or_none(token)) return nullptr;
    try {
        const auto characters = borrow(token);
        if (!characters) return raise_refusal(*verifier, {Verdict::Kind::refused, characters.error()});
        PythonHost host;
        const Verdict verdict = verifier->authenticator.verify(*characters, now, wait, host);
        return conclude(*verifier, self, token, verdict, host.claims());
    } catch (py::error_already_set& error) {
        error.restore();
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception&) {
        PyErr_SetString(PyExc_RuntimeError, "the native core failed");
    }
    return nullptr;
}

void bind_verifier(py::module_& module) {
    bind_pending(module);
    py::class_<BoundVerifier> type(module, "Verifier", "Judges tokens by one source of keys and one policy. Immutable.",
                                   py::is_final(), py::custom_type_setup(&collect));
    refuse_bare_new(type);
    type.def(py::init(&make_verifier), py::arg("keys").none(false), py::kw_only(), py::arg("issuers"),
             py::arg("issuer_templates"), py::arg("audiences"), py::arg("algorithms"), py::arg("leeway"),
             py::arg("required_claims"), py::arg("expected_claims"), py::arg("refuse_id_tokens"),
             py::arg("accept_bound_tokens"), py::arg("token_types"), py::arg("max_token_bytes"), py::arg("token_cache"),
             py::arg("on_events"), py::arg("on_verdict"), py::arg("on_refusal"));
    type.def("cache_report", &cache_report, "The state of the cache of tokens; None without one.");
    for (PyMethodDef& method : hot_methods) {
        const auto descriptor =
            py::reinterpret_steal<py::object>(PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type.ptr()), &method));
        if (!descriptor) throw py::error_already_set();
        type.attr(method.ml_name) = descriptor;
    }
}

}  // namespace authjwks::bindings
