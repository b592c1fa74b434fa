// Generated from docs/openapi/letters.json by `npm run types`.
// document cb56248388f68db16de6e7311b552236b7750dc759c36eea8440a6d9d7fe54d2
// types d76f2eae906b9c57da45b943455d9d5195b720e0f34c5b985417323e656cf6cb

export interface paths {
    "/api/fhir/DocumentReference": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Search Documents
         * @description A patient's letters as FHIR R4 documents, newest first.
         */
        get: operations["search_documents_api_fhir_DocumentReference_get"];
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
    "/api/health/letters": {
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
    "/api/patients/{patient_id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export Record
         * @description Everything about a patient as one archive: the FHIR Patient, letters as PDF, their versions as openEHR JSON.
         */
        get: operations["export_record_api_patients__patient_id__export_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/patients/{patient_id}/letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Letters
         * @description A patient's letters without their text, newest first.
         */
        get: operations["list_letters_api_patients__patient_id__letters_get"];
        put?: never;
        /**
         * Create Letter
         * @description Write a letter into a patient's record.
         */
        post: operations["create_letter_api_patients__patient_id__letters_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/patients/{patient_id}/letters/{uid}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Letter
         * @description A letter with its text; the patient's first reading is recorded.
         */
        get: operations["read_letter_api_patients__patient_id__letters__uid__get"];
        /**
         * Amend Letter
         * @description Replace a letter with a new version; the old one stays readable.
         */
        put: operations["amend_letter_api_patients__patient_id__letters__uid__put"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/patients/{patient_id}/letters/{uid}.pdf": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Print Letter
         * @description A letter as tagged PDF (PDF/UA-1); for the patient, this counts as reading it.
         */
        get: operations["print_letter_api_patients__patient_id__letters__uid__pdf_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/patients/{patient_id}/letters/{uid}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Versions
         * @description Who made each version of a letter, when and why, newest first.
         */
        get: operations["list_versions_api_patients__patient_id__letters__uid__versions_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/patients/{patient_id}/letters/{uid}/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Withdraw Letter
         * @description Mark a letter as no longer valid; it is never deleted.
         */
        post: operations["withdraw_letter_api_patients__patient_id__letters__uid__withdraw_post"];
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
         * Author
         * @description The clinician who is responsible for a letter, with their name at the time of writing.
         */
        Author: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Name */
            name: string;
        };
        /**
         * Letter
         * @description A letter; `body` and sections are Markdown, exactly as they were sent. A letter without sections has no such
         *     member. `status` is that of the version shown: an older one of a letter that was withdrawn since says what it was
         *     then, so take whether the letter is valid from its newest version.
         */
        Letter: {
            /** Amended At */
            amended_at: string | null;
            author: components["schemas"]["Author"];
            /** Body */
            body: string;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            letter_type: components["schemas"]["LetterType"];
            /**
             * Patient Id
             * Format: uuid
             */
            patient_id: string;
            /** Read At */
            read_at: string | null;
            sections?: components["schemas"]["Sections"];
            status: components["schemas"]["Status"];
            /** Title */
            title: string;
            /**
             * Uid
             * Format: uuid
             */
            uid: string;
            /** Version */
            version: number;
        };
        /**
         * LetterAmend
         * @description The new text of a letter, and the reason for the change. Type and sections stay unchanged if absent; `"sections":
         *     {}` removes the sections.
         */
        LetterAmend: {
            body: components["schemas"]["_Text"];
            letter_type?: components["schemas"]["LetterType"] | null;
            reason: components["schemas"]["_Line"];
            sections?: components["schemas"]["Sections"] | null;
            title: components["schemas"]["_Line"];
        };
        /**
         * LetterCreate
         * @description A new letter. Text is stored byte for byte, including tab, line feed and carriage return.
         */
        LetterCreate: {
            body: components["schemas"]["_Text"];
            /** @default clinic */
            letter_type: components["schemas"]["LetterType"];
            sections?: components["schemas"]["Sections"] | null;
            title: components["schemas"]["_Line"];
        };
        /**
         * LetterSummary
         * @description A letter without its text; `read_at` is when the patient first read it.
         */
        LetterSummary: {
            /** Amended At */
            amended_at: string | null;
            author: components["schemas"]["Author"];
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            letter_type: components["schemas"]["LetterType"];
            /**
             * Patient Id
             * Format: uuid
             */
            patient_id: string;
            /** Read At */
            read_at: string | null;
            status: components["schemas"]["Status"];
            /** Title */
            title: string;
            /**
             * Uid
             * Format: uuid
             */
            uid: string;
            /** Version */
            version: number;
        };
        /** @enum {string} */
        LetterType: "clinic" | "discharge" | "referral" | "results" | "other";
        /**
         * LetterVersion
         * @description A version of a letter: `author` made it and gave the reason (the first version has none).
         */
        LetterVersion: {
            author: components["schemas"]["Author"];
            /**
             * Committed At
             * Format: date-time
             */
            committed_at: string;
            /** Reason */
            reason: string | null;
            /** Version */
            version: number;
        };
        /**
         * LetterWithdraw
         * @description Why a letter is no longer valid.
         */
        LetterWithdraw: {
            reason: components["schemas"]["_Line"];
        };
        OperationOutcome: {
            issue: {
                code: string;
                details: {
                    coding: {
                        code?: string;
                        /** @constant */
                        system?: "urn:quill:problems";
                    }[];
                    text: string;
                };
                diagnostics: string;
                expression?: string[];
                /** @constant */
                severity: "error";
            }[];
            /** @constant */
            resourceType: "OperationOutcome";
        };
        /** Page[LetterSummary] */
        Page_LetterSummary_: {
            /** Items */
            items: components["schemas"]["LetterSummary"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /** Page[LetterVersion] */
        Page_LetterVersion_: {
            /** Items */
            items: components["schemas"]["LetterVersion"][];
            /** Next Cursor */
            next_cursor?: string | null;
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
         * Sections
         * @description Parts of a letter under headings of the PRSB outpatient letter standard; they follow the body, in this order.
         */
        Sections: {
            advice?: components["schemas"]["_Text"] | null;
            allergies?: components["schemas"]["_Text"] | null;
            concerns?: components["schemas"]["_Text"] | null;
            diagnoses?: components["schemas"]["_Text"] | null;
            examination?: components["schemas"]["_Text"] | null;
            history?: components["schemas"]["_Text"] | null;
            investigations?: components["schemas"]["_Text"] | null;
            medications?: components["schemas"]["_Text"] | null;
            plan?: components["schemas"]["_Text"] | null;
            procedures?: components["schemas"]["_Text"] | null;
            summary?: components["schemas"]["_Text"] | null;
        };
        /** @enum {string} */
        Status: "final" | "amended" | "withdrawn";
        _Line: string;
        /** @description Markdown */
        _Text: string;
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    search_documents_api_fhir_DocumentReference_get: {
        parameters: {
            query: {
                /** @description The patient's id, or `Patient/` with it */
                patient: string;
                /** @description Maximum number of documents */
                _count?: number;
                /** @description From the `next` link of the previous page */
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
            /** @description A system behind this service is not available (`/problems/backend-unavailable`); A record could not be read (`/problems/record-unreadable`) */
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
    export_record_api_patients__patient_id__export_get: {
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
                    "Content-Disposition": string;
                    [name: string]: unknown;
                };
                content: {
                    "application/zip": string;
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
            /** @description A system behind this service is not available (`/problems/backend-unavailable`); A record could not be read (`/problems/record-unreadable`) */
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
    list_letters_api_patients__patient_id__letters_get: {
        parameters: {
            query?: {
                /** @description Maximum number of items */
                limit?: number;
                /** @description `next_cursor` of the previous page */
                cursor?: string;
            };
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
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_LetterSummary_"];
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
            /** @description A system behind this service is not available (`/problems/backend-unavailable`); A record could not be read (`/problems/record-unreadable`) */
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
    create_letter_api_patients__patient_id__letters_post: {
        parameters: {
            query?: never;
            header: {
                "idempotency-key"?: string;
                "X-CSRF-Token": string;
            };
            path: {
                patient_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LetterCreate"];
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
                    "application/json": components["schemas"]["Letter"];
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
            /** @description The first request with this key is still running (`/problems/being-worked-on`); The patient's record is inactive (`/problems/patient-inactive`); This conflicts with what is stored (`/problems/conflict`) */
            409: {
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
            /** @description The request is not valid (`/problems/invalid`); This Idempotency-Key belongs to another request (`/problems/idempotency-key-reused`); The record system refused this letter (`/problems/letter-refused`) */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A system behind this service is not available (`/problems/backend-unavailable`); Accepted, but not yet known to be stored (`/problems/outcome-unknown`) */
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
    read_letter_api_patients__patient_id__letters__uid__get: {
        parameters: {
            query?: {
                /** @description An older version; by default the newest */
                version?: number;
            };
            header?: never;
            path: {
                patient_id: string;
                uid: string;
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
                    "application/json": components["schemas"]["Letter"];
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
            /** @description A system behind this service is not available (`/problems/backend-unavailable`); A record could not be read (`/problems/record-unreadable`) */
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
    amend_letter_api_patients__patient_id__letters__uid__put: {
        parameters: {
            query?: never;
            header: {
                "if-match": string;
                "X-CSRF-Token": string;
            };
            path: {
                patient_id: string;
                uid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LetterAmend"];
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
                    "application/json": components["schemas"]["Letter"];
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
            /** @description This address does not take that method (`/problems/method-not-allowed`) */
            405: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The letter was withdrawn (`/problems/letter-withdrawn`); This conflicts with what is stored (`/problems/conflict`) */
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
            /** @description The request is not valid (`/problems/invalid`); The record system refused this letter (`/problems/letter-refused`) */
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
            /** @description A system behind this service is not available (`/problems/backend-unavailable`); A record could not be read (`/problems/record-unreadable`) */
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
    print_letter_api_patients__patient_id__letters__uid__pdf_get: {
        parameters: {
            query?: {
                /** @description An older version; by default the newest */
                version?: number;
            };
            header?: never;
            path: {
                patient_id: string;
                uid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    "Content-Disposition": string;
                    ETag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/pdf": string;
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
            /** @description A system behind this service is not available (`/problems/backend-unavailable`); The letter could not be printed (`/problems/printer-unavailable`); A record could not be read (`/problems/record-unreadable`) */
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
    list_versions_api_patients__patient_id__letters__uid__versions_get: {
        parameters: {
            query?: {
                /** @description Maximum number of items */
                limit?: number;
                /** @description `next_cursor` of the previous page */
                cursor?: string;
            };
            header?: never;
            path: {
                patient_id: string;
                uid: string;
            };
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
                    "application/json": components["schemas"]["Page_LetterVersion_"];
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
            /** @description A system behind this service is not available (`/problems/backend-unavailable`); A record could not be read (`/problems/record-unreadable`) */
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
    withdraw_letter_api_patients__patient_id__letters__uid__withdraw_post: {
        parameters: {
            query?: never;
            header: {
                "if-match": string;
                "X-CSRF-Token": string;
            };
            path: {
                patient_id: string;
                uid: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LetterWithdraw"];
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
                    "application/json": components["schemas"]["Letter"];
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
            /** @description The letter was withdrawn (`/problems/letter-withdrawn`); This conflicts with what is stored (`/problems/conflict`) */
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
            /** @description The request is not valid (`/problems/invalid`); The record system refused this letter (`/problems/letter-refused`) */
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
            /** @description A system behind this service is not available (`/problems/backend-unavailable`); A record could not be read (`/problems/record-unreadable`) */
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
