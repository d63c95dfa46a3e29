#include "bindings/python_host.hpp"

#include <new>

#include "bindings/cached_claims.hpp"
#include "bindings/convert.hpp"
#include "bindings/without_gil.hpp"

namespace authjwks::bindings {

bool PythonHost::run_unlocked(Work work) {
    without_gil([work] {
        work();
        return true;
    });
    return PyErr_Occurred() == nullptr;
}

/// Whether the claims can be cached changes nothing for the caller.
std::unique_ptr<const CachedClaims> PythonHost::deliver(json::Object claims, bool to_be_cached) {
    claims_ = pybind11::reinterpret_steal<pybind11::object>(to_dict(claims));
    if (!claims_ || !to_be_cached) return nullptr;
    try {
        auto cached = PythonClaims::of(claims_.ptr());
        if (!cached) PyErr_Clear();
        return cached;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void PythonHost::deliver(const CachedClaims& claims) {
    claims_ = pybind11::reinterpret_steal<pybind11::object>(static_cast<const PythonClaims&>(claims).copy());
}

}  // namespace authjwks::bindings
