#include "bindings/convert.hpp"

#include <string_view>
#include <unordered_map>

namespace authjwks::bindings {
namespace {

using Names = std::unordered_map<std::string_view, PyObject*>;

Names& interned_names() {
    static Names names;
    return names;
}

PyObject* to_text(std::string_view text) {
    return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "strict");
}

PyObject* to_name(std::string_view name) {
    const auto known = interned_names().find(name);
    if (known == interned_names().end()) return to_text(name);
    Py_INCREF(known->second);
    return known->second;
}

PyObject* to_object(json::Value value);

PyObject* to_list(json::Array array) {
    PyObject* const list = PyList_New(static_cast<Py_ssize_t>(array.size()));
    if (list == nullptr) return nullptr;
    Py_ssize_t index = 0;
    for (const json::Value item : array) {
        PyObject* const converted = to_object(item);
        if (converted == nullptr) {
            Py_DECREF(list);
            return nullptr;
        }
        PyList_SET_ITEM(list, index++, converted);
    }
    return list;
}

PyObject* to_object(json::Value value) {
    using Type = simdjson::dom::element_type;
    switch (value.type()) {
        case Type::STRING: return to_text(std::string_view(value));
        case Type::INT64: return PyLong_FromLongLong(std::int64_t(value));
        case Type::UINT64: return PyLong_FromUnsignedLongLong(std::uint64_t(value));
        case Type::DOUBLE: return PyFloat_FromDouble(double(value));
        case Type::BOOL: return PyBool_FromLong(bool(value) ? 1 : 0);
        case Type::NULL_VALUE: Py_RETURN_NONE;
        case Type::ARRAY: return to_list(value);
        case Type::OBJECT: return to_dict(value);
    }
    Py_RETURN_NONE;
}

}  // namespace

PyObject* to_dict(json::Object object) {
    PyObject* const dict = PyDict_New();
    if (dict == nullptr) return nullptr;
    for (const auto [name, value] : object) {
        PyObject* const key = to_name(name);
        PyObject* const converted = key == nullptr ? nullptr : to_object(value);
        const bool stored = converted != nullptr && PyDict_SetItem(dict, key, converted) == 0;
        Py_XDECREF(key);
        Py_XDECREF(converted);
        if (!stored) {
            Py_DECREF(dict);
            return nullptr;
        }
    }
    return dict;
}

void intern_claim_names() {
    for (const char* name : {"iss",          "sub",
                             "aud",          "exp",
                             "nbf",          "iat",
                             "jti",          "azp",
                             "scope",        "scp",
                             "client_id",    "roles",
                             "permissions",  "groups",
                             "email",        "email_verified",
                             "name",         "given_name",
                             "family_name",  "preferred_username",
                             "sid",          "typ",
                             "acr",          "amr",
                             "auth_time",    "nonce",
                             "cnf",          "tid",
                             "oid",          "ver",
                             "gty",          "token_use",
                             "realm_access", "resource_access",
                             "country",      "type"})
        interned_names().try_emplace(name, PyUnicode_InternFromString(name));
}

}  // namespace authjwks::bindings
