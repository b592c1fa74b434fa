// Generated from docs/openapi/patients.json by `npm run types`.
// document 28d566035c542a8cce495ee71aa429041e470bf360b44236a79d87e8e313dae9
// types 9b51ae497e458a2e9610886e0b43cc2c84fa5f23b169d8ae4b43115998292273

export interface paths {
    "/api/fhir/patients": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Patient
         * @description Register a patient (FHIR R4 Patient). The server chooses the id.
         */
        post: operations["create_patient_api_fhir_patients_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/fhir/patients/{patient_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Patient
         * @description A patient as FHIR R4.
         */
        get: operations["read_patient_api_fhir_patients__patient_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Fleet
         * @description The state of every service and its backends.
         */
        get: operations["fleet_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health/patients": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Own */
        get: operations["service_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/patients": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Search Patients
         * @description Find patients by the beginnings of their names or by exact values.
         */
        get: operations["search_patients_api_patients_get"];
        put?: never;
        /**
         * Verify Patient
         * @description Whether a patient exists.
         */
        post: operations["verify_patient_api_patients_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/patients/{patient_id}/demographics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Demographics
         * @description A patient's demographics.
         */
        get: operations["read_demographics_api_patients__patient_id__demographics_get"];
        /**
         * Update Demographics
         * @description Replace a patient's demographics.
         */
        put: operations["update_demographics_api_patients__patient_id__demographics_put"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Address
         * @description A postal address.
         */
        "Address-Output": {
            /** City */
            city?: string | null;
            /** Country */
            country?: string | null;
            /** District */
            district?: string | null;
            lines?: components["schemas"]["Entries_Annotated_str__StringConstraints__"];
            /** Postal Code */
            postal_code?: string | null;
            /** Use */
            use?: ("home" | "work" | "temp" | "old" | "billing") | null;
        };
        /** CodeableConcept */
        CodeableConcept: {
            coding?: components["schemas"]["Some_Coding_"] | null;
            extension?: components["schemas"]["Some_Extension_"] | null;
            /** Text */
            text?: string | null;
        };
        /** Coding */
        Coding: {
            /** Code */
            code?: string | null;
            /** Display */
            display?: string | null;
            extension?: components["schemas"]["Some_Extension_"] | null;
            /** System */
            system?: string | null;
            /** Userselected */
            userSelected?: boolean | null;
            /** Version */
            version?: string | null;
        };
        /** Communication */
        Communication: {
            extension?: components["schemas"]["Some_Extension_"] | null;
            language: components["schemas"]["CodeableConcept"];
            /** Preferred */
            preferred?: boolean | null;
        };
        /** Contact */
        Contact: {
            address?: components["schemas"]["patients__fhir_schemas__Address"] | null;
            extension?: components["schemas"]["Some_Extension_"] | null;
            /** Gender */
            gender?: ("male" | "female" | "other" | "unknown") | null;
            name?: components["schemas"]["HumanName"] | null;
            organization?: components["schemas"]["Reference"] | null;
            period?: components["schemas"]["Period"] | null;
            relationship?: components["schemas"]["Some_CodeableConcept_"] | null;
            telecom?: components["schemas"]["Some_ContactPoint_"] | null;
        };
        /** ContactPoint */
        ContactPoint: {
            extension?: components["schemas"]["Some_Extension_"] | null;
            period?: components["schemas"]["Period"] | null;
            /** Rank */
            rank?: number | null;
            /**
             * System
             * @enum {string}
             */
            system: "phone" | "fax" | "email" | "pager" | "url" | "sms" | "other";
            /** Use */
            use?: ("home" | "work" | "temp" | "old" | "mobile") | null;
            /** Value */
            value: string;
        };
        /**
         * Demographics
         * @description What Quill shows of a patient.
         */
        Demographics: {
            /** Active */
            active: boolean;
            addresses: components["schemas"]["Entries_Address_"];
            /** Birth Date */
            birth_date: string | null;
            emergency_contacts: components["schemas"]["Entries_EmergencyContact_"];
            /**
             * Gender
             * @enum {string}
             */
            gender: "male" | "female" | "other" | "unknown";
            identifiers: components["schemas"]["Entries_Identifier_"];
            name: components["schemas"]["Name"];
            /** Nhs Number */
            nhs_number: string | null;
            /**
             * Patient Id
             * Format: uuid
             */
            patient_id: string;
            telecom: components["schemas"]["Entries_Telecom_"];
            /** Version */
            version: number;
        };
        /**
         * DemographicsUpdate
         * @description All demographics at once: a missing member is refused, so that nothing is erased by accident.
         */
        DemographicsUpdate: {
            /** Active */
            active: boolean;
            addresses: components["schemas"]["Entries_Address_"];
            /** Birth Date */
            birth_date: string | null;
            emergency_contacts: components["schemas"]["Entries_EmergencyContact_"];
            /**
             * Gender
             * @enum {string}
             */
            gender: "male" | "female" | "other" | "unknown";
            identifiers: components["schemas"]["Entries_Identifier_"];
            name: components["schemas"]["Name"];
            /** Nhs Number */
            nhs_number: string | null;
            telecom: components["schemas"]["Entries_Telecom_"];
        };
        /**
         * EmergencyContact
         * @description A person to call in an emergency.
         */
        EmergencyContact: {
            /** Name */
            name: string;
            /** Relationship */
            relationship?: string | null;
            telecom?: components["schemas"]["Entries_Telecom_"];
        };
        Entries_Address_: components["schemas"]["Address-Output"][];
        Entries_Annotated_str__StringConstraints__: string[];
        Entries_EmergencyContact_: components["schemas"]["EmergencyContact"][];
        Entries_Identifier_: components["schemas"]["Identifier-Output"][];
        Entries_Telecom_: components["schemas"]["Telecom"][];
        /** Extension */
        Extension: {
            extension?: components["schemas"]["Some_Extension_"] | null;
            /** Url */
            url: string;
            /** Valueboolean */
            valueBoolean?: boolean | null;
            /** Valuecode */
            valueCode?: string | null;
            valueCodeableConcept?: components["schemas"]["CodeableConcept"] | null;
            valueCoding?: components["schemas"]["Coding"] | null;
            /** Valuedate */
            valueDate?: string | null;
            /** Valuedatetime */
            valueDateTime?: string | null;
            /** Valueinteger */
            valueInteger?: number | null;
            /** Valuestring */
            valueString?: string | null;
            /** Valueuri */
            valueUri?: string | null;
        };
        /** HumanName */
        HumanName: {
            extension?: components["schemas"]["Some_Extension_"] | null;
            /** Family */
            family?: string | null;
            given?: components["schemas"]["patients__fhir_schemas__Some_Annotated_str__StringConstraints____1"] | null;
            period?: components["schemas"]["Period"] | null;
            prefix?: components["schemas"]["patients__fhir_schemas__Some_Annotated_str__StringConstraints____1"] | null;
            suffix?: components["schemas"]["patients__fhir_schemas__Some_Annotated_str__StringConstraints____1"] | null;
            /** Text */
            text?: string | null;
            /** Use */
            use?: ("usual" | "official" | "temp" | "nickname" | "anonymous" | "old" | "maiden") | null;
        };
        /**
         * Identifier
         * @description The patient's number in another register.
         */
        "Identifier-Output": {
            /** System */
            system: string;
            /** Value */
            value: string;
        };
        /** Link */
        Link: {
            extension?: components["schemas"]["Some_Extension_"] | null;
            other: components["schemas"]["PatientReference"];
            /**
             * Type
             * @enum {string}
             */
            type: "replaces" | "refer" | "seealso";
        };
        /** Meta */
        Meta: {
            extension?: components["schemas"]["Some_Extension_"] | null;
            /** Lastupdated */
            lastUpdated?: string | null;
            profile?: components["schemas"]["patients__fhir_schemas__Some_Annotated_str__StringConstraints____2"] | null;
            security?: components["schemas"]["Some_Coding_"] | null;
            /** Source */
            source?: string | null;
            tag?: components["schemas"]["Some_Coding_"] | null;
            /** Versionid */
            versionId?: string | null;
        };
        /**
         * Name
         * @description The patient's official name.
         */
        Name: {
            /** Family */
            family?: string | null;
            given?: components["schemas"]["Entries_Annotated_str__StringConstraints__"];
            prefix?: components["schemas"]["Entries_Annotated_str__StringConstraints__"];
        };
        /** Narrative */
        Narrative: {
            /** Div */
            div: string;
            extension?: components["schemas"]["Some_Extension_"] | null;
            /**
             * Status
             * @enum {string}
             */
            status: "generated" | "extensions" | "additional" | "empty";
        };
        OperationOutcome: {
            issue: {
                code: string;
                details?: {
                    text?: string;
                };
                diagnostics: string;
                expression?: string[];
                /** @constant */
                severity: "error";
            }[];
            /** @constant */
            resourceType: "OperationOutcome";
        };
        /** Page[PatientListed] */
        Page_PatientListed_: {
            /** Items */
            items: components["schemas"]["PatientListed"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /**
         * Patient
         * @description A client's id, version, time and source are ignored: the server sets them (FHIR R4 §3.1.0.8).
         */
        Patient: {
            /** Active */
            active?: boolean | null;
            address?: components["schemas"]["Some_Address_"] | null;
            /** Birthdate */
            birthDate?: string | null;
            communication?: components["schemas"]["Some_Communication_"] | null;
            contact?: components["schemas"]["Some_Contact_"] | null;
            /** Deceasedboolean */
            deceasedBoolean?: boolean | null;
            /** Deceaseddatetime */
            deceasedDateTime?: string | null;
            extension?: components["schemas"]["Some_Extension_"] | null;
            /** Gender */
            gender?: ("male" | "female" | "other" | "unknown") | null;
            generalPractitioner?: components["schemas"]["Some_Reference_"] | null;
            /** Id */
            id?: string | null;
            identifier?: components["schemas"]["Some_Identifier_"] | null;
            /** Language */
            language?: string | null;
            link?: components["schemas"]["Some_Link_"] | null;
            managingOrganization?: components["schemas"]["Reference"] | null;
            maritalStatus?: components["schemas"]["CodeableConcept"] | null;
            meta?: components["schemas"]["Meta"] | null;
            /** Multiplebirthboolean */
            multipleBirthBoolean?: boolean | null;
            /** Multiplebirthinteger */
            multipleBirthInteger?: number | null;
            name?: components["schemas"]["Some_HumanName_"] | null;
            /**
             * Resourcetype
             * @constant
             */
            resourceType: "Patient";
            telecom?: components["schemas"]["Some_ContactPoint_"] | null;
            text?: components["schemas"]["Narrative"] | null;
        };
        /**
         * PatientListed
         * @description A patient in a list.
         */
        PatientListed: {
            /** Active */
            active: boolean;
            /** Birth Date */
            birth_date: string | null;
            /** Gender */
            gender: string;
            name: components["schemas"]["Name"];
            /** Nhs Number */
            nhs_number: string | null;
            /**
             * Patient Id
             * Format: uuid
             */
            patient_id: string;
        };
        /**
         * PatientReference
         * @description A patient of this server; the FHIR server refuses unknown ones.
         */
        PatientReference: {
            /** Display */
            display?: string | null;
            extension?: components["schemas"]["Some_Extension_"] | null;
            identifier?: components["schemas"]["patients__fhir_schemas__Identifier"] | null;
            /** Reference */
            reference: string;
            /** Type */
            type?: string | null;
        };
        /**
         * PatientVerified
         * @description Whether there is such a patient.
         */
        PatientVerified: {
            /** Exists */
            exists: boolean;
            /** Patient Id */
            patient_id: string | null;
        };
        /**
         * PatientVerify
         * @description The patient, by exactly one of the two members.
         */
        PatientVerify: {
            /** Nhs Number */
            nhs_number?: string | null;
            /** Patient Id */
            patient_id?: string | null;
        };
        /** Period */
        Period: {
            /** End */
            end?: string | null;
            extension?: components["schemas"]["Some_Extension_"] | null;
            /** Start */
            start?: string | null;
        };
        /** @description RFC 9457; `type` is a page that says what to do */
        Problem: {
            detail: string;
            errors?: {
                loc: (string | number)[];
                msg: string;
                type: string;
            }[];
            status: number;
            title: string;
            /** Format: uri-reference */
            type: string;
        };
        /**
         * Reference
         * @description A person given by name, not by reference.
         */
        Reference: {
            /** Display */
            display?: string | null;
            extension?: components["schemas"]["Some_Extension_"] | null;
            identifier?: components["schemas"]["patients__fhir_schemas__Identifier"] | null;
            /** Type */
            type?: string | null;
        };
        Some_Address_: components["schemas"]["patients__fhir_schemas__Address"][];
        Some_CodeableConcept_: components["schemas"]["CodeableConcept"][];
        Some_Coding_: components["schemas"]["Coding"][];
        Some_Communication_: components["schemas"]["Communication"][];
        Some_ContactPoint_: components["schemas"]["ContactPoint"][];
        Some_Contact_: components["schemas"]["Contact"][];
        Some_Extension_: components["schemas"]["Extension"][];
        Some_HumanName_: components["schemas"]["HumanName"][];
        Some_Identifier_: components["schemas"]["patients__fhir_schemas__Identifier"][];
        Some_Link_: components["schemas"]["Link"][];
        Some_Reference_: components["schemas"]["Reference"][];
        /**
         * Telecom
         * @description A way to reach somebody.
         */
        Telecom: {
            /**
             * System
             * @enum {string}
             */
            system: "phone" | "fax" | "email" | "pager" | "url" | "sms" | "other";
            /** Use */
            use?: ("home" | "work" | "temp" | "old" | "mobile") | null;
            /** Value */
            value: string;
        };
        /** Address */
        patients__fhir_schemas__Address: {
            /** City */
            city?: string | null;
            /** Country */
            country?: string | null;
            /** District */
            district?: string | null;
            extension?: components["schemas"]["Some_Extension_"] | null;
            line?: components["schemas"]["patients__fhir_schemas__Some_Annotated_str__StringConstraints____1"] | null;
            period?: components["schemas"]["Period"] | null;
            /** Postalcode */
            postalCode?: string | null;
            /** State */
            state?: string | null;
            /** Text */
            text?: string | null;
            /** Type */
            type?: ("postal" | "physical" | "both") | null;
            /** Use */
            use?: ("home" | "work" | "temp" | "old" | "billing") | null;
        };
        /** Identifier */
        patients__fhir_schemas__Identifier: {
            assigner?: components["schemas"]["Reference"] | null;
            extension?: components["schemas"]["Some_Extension_"] | null;
            period?: components["schemas"]["Period"] | null;
            /** System */
            system?: string | null;
            type?: components["schemas"]["CodeableConcept"] | null;
            /** Use */
            use?: ("usual" | "official" | "temp" | "secondary" | "old") | null;
            /** Value */
            value: string;
        };
        patients__fhir_schemas__Some_Annotated_str__StringConstraints____1: string[];
        patients__fhir_schemas__Some_Annotated_str__StringConstraints____2: string[];
        /**
         * Address
         * @description A postal address.
         */
        patients__schemas__Address: {
            /** City */
            city?: string | null;
            /** Country */
            country?: string | null;
            /** District */
            district?: string | null;
            lines?: components["schemas"]["Entries_Annotated_str__StringConstraints__"];
            /** Postal Code */
            postal_code?: string | null;
            /** Use */
            use?: ("home" | "work" | "temp" | "old" | "billing") | null;
        };
        /**
         * Identifier
         * @description The patient's number in another register.
         */
        patients__schemas__Identifier: {
            /** System */
            system: string;
            /** Value */
            value: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    create_patient_api_fhir_patients_post: {
        parameters: {
            query?: never;
            header: {
                "idempotency-key"?: string;
                "X-CSRF-Token": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/fhir+json": components["schemas"]["Patient"];
                "application/json": components["schemas"]["Patient"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    ETag: string;
                    Location: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/fhir+json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Sign in first (`/problems/unauthenticated`) */
            401: {
                headers: {
                    "WWW-Authenticate": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/fhir+json": components["schemas"]["OperationOutcome"];
                };
            };
            /** @description Your role does not allow this (`/problems/forbidden`); Your role needs a second factor (`/problems/totp-enrolment-required`); The request did not prove that it comes from our own pages (`/problems/csrf`) */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/fhir+json": components["schemas"]["OperationOutcome"];
                };
            };
            /** @description The first request with this key is still running (`/problems/being-worked-on`); This NHS number is already registered (`/problems/nhs-number-taken`) */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/fhir+json": components["schemas"]["OperationOutcome"];
                };
            };
            /** @description The body is too large (`/problems/too-large`) */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/fhir+json": components["schemas"]["OperationOutcome"];
                };
            };
            /** @description This media type is not accepted here (`/problems/media-type`) */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/fhir+json": components["schemas"]["OperationOutcome"];
                };
            };
            /** @description The request is not valid (`/problems/invalid`); This Idempotency-Key belongs to another request (`/problems/idempotency-key-reused`); The FHIR server does not accept this patient (`/problems/patient-refused`) */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/fhir+json": components["schemas"]["OperationOutcome"];
                };
            };
            /** @description A system behind this service is not available (`/problems/backend-unavailable`); Accepted, but not yet known to be stored (`/problems/outcome-unknown`) */
            503: {
                headers: {
                    "Retry-After": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/fhir+json": components["schemas"]["OperationOutcome"];
                };
            };
        };
    };
    read_patient_api_fhir_patients__patient_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                patient_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    ETag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/fhir+json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Sign in first (`/problems/unauthenticated`) */
            401: {
                headers: {
                    "WWW-Authenticate": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/fhir+json": components["schemas"]["OperationOutcome"];
                };
            };
            /** @description Your role does not allow this (`/problems/forbidden`); Your role needs a second factor (`/problems/totp-enrolment-required`) */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/fhir+json": components["schemas"]["OperationOutcome"];
                };
            };
            /** @description There is nothing here for you (`/problems/not-found`) */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/fhir+json": components["schemas"]["OperationOutcome"];
                };
            };
            /** @description The request is not valid (`/problems/invalid`) */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/fhir+json": components["schemas"]["OperationOutcome"];
                };
            };
            /** @description A system behind this service is not available (`/problems/backend-unavailable`) */
            503: {
                headers: {
                    "Retry-After": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/fhir+json": components["schemas"]["OperationOutcome"];
                };
            };
        };
    };
    fleet_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description Down; the body is the same as for 200 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    service_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description Down; the body is the same as for 200 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    search_patients_api_patients_get: {
        parameters: {
            query?: {
                /** @description Beginnings of words of the name, all of which must match */
                q?: string;
                /** @description Beginnings of words of the family name */
                family?: string;
                /** @description Beginnings of words of given names */
                given?: string;
                birth_date?: string;
                gender?: "male" | "female" | "other" | "unknown";
                nhs_number?: string;
                limit?: number;
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_PatientListed_"];
                };
            };
            /** @description Sign in first (`/problems/unauthenticated`) */
            401: {
                headers: {
                    "WWW-Authenticate": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Your role does not allow this (`/problems/forbidden`); Your role needs a second factor (`/problems/totp-enrolment-required`) */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is not valid (`/problems/invalid`) */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A system behind this service is not available (`/problems/backend-unavailable`) */
            503: {
                headers: {
                    "Retry-After": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    verify_patient_api_patients_post: {
        parameters: {
            query?: never;
            header: {
                "X-CSRF-Token": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PatientVerify"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PatientVerified"];
                };
            };
            /** @description Sign in first (`/problems/unauthenticated`) */
            401: {
                headers: {
                    "WWW-Authenticate": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Your role does not allow this (`/problems/forbidden`); Your role needs a second factor (`/problems/totp-enrolment-required`); The request did not prove that it comes from our own pages (`/problems/csrf`) */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large (`/problems/too-large`) */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This media type is not accepted here (`/problems/media-type`) */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is not valid (`/problems/invalid`) */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A system behind this service is not available (`/problems/backend-unavailable`) */
            503: {
                headers: {
                    "Retry-After": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    read_demographics_api_patients__patient_id__demographics_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                patient_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    ETag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Demographics"];
                };
            };
            /** @description Sign in first (`/problems/unauthenticated`) */
            401: {
                headers: {
                    "WWW-Authenticate": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Your role does not allow this (`/problems/forbidden`); Your role needs a second factor (`/problems/totp-enrolment-required`) */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is nothing here for you (`/problems/not-found`) */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is not valid (`/problems/invalid`) */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A system behind this service is not available (`/problems/backend-unavailable`) */
            503: {
                headers: {
                    "Retry-After": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    update_demographics_api_patients__patient_id__demographics_put: {
        parameters: {
            query?: never;
            header: {
                "if-match": string;
                "X-CSRF-Token": string;
            };
            path: {
                patient_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DemographicsUpdate"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    ETag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Demographics"];
                };
            };
            /** @description Sign in first (`/problems/unauthenticated`) */
            401: {
                headers: {
                    "WWW-Authenticate": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Your role does not allow this (`/problems/forbidden`); Your role needs a second factor (`/problems/totp-enrolment-required`); The request did not prove that it comes from our own pages (`/problems/csrf`) */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is nothing here for you (`/problems/not-found`) */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This NHS number is already registered (`/problems/nhs-number-taken`) */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Somebody changed it since you read it (`/problems/version-stale`) */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large (`/problems/too-large`) */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This media type is not accepted here (`/problems/media-type`) */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is not valid (`/problems/invalid`); The FHIR server does not accept this patient (`/problems/patient-refused`) */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Send the version you read in If-Match (`/problems/version-missing`) */
            428: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A system behind this service is not available (`/problems/backend-unavailable`) */
            503: {
                headers: {
                    "Retry-After": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
