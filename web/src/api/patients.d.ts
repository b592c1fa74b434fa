// Generated from docs/openapi/patients.json by `npm run types`.
// document e182ce906c905b83940a4707767c059f09c35f284503c01fc06d50a4599721c7
// types c2fb27376c3b6127b5061c4e168841c49819aea881dbebe45b0d66efefa39dc8

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
         * @description Register a patient (FHIR R4 Patient). The server chooses the id; a client's id, version, time and source are
         *     ignored (FHIR R4 §3.1.0.8).
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
            lines?: components["schemas"]["Entries_Annotated_str__StringConstraints__AfterValidator__"];
            /** Postal Code */
            postal_code?: string | null;
            /** Use */
            use?: ("home" | "work" | "temp" | "old" | "billing") | null;
        };
        /** Age */
        Age: {
            _code?: components["schemas"]["Element"];
            _comparator?: components["schemas"]["Element"];
            _system?: components["schemas"]["Element"];
            _unit?: components["schemas"]["Element"];
            _value?: components["schemas"]["Element"];
            /** Code */
            code?: string;
            /** Comparator */
            comparator?: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            /** System */
            system?: string;
            /** Unit */
            unit?: string;
            /** Value */
            value?: number;
        };
        /** Annotation */
        Annotation: {
            _authorString?: components["schemas"]["Element"];
            _text?: components["schemas"]["Element"];
            _time?: components["schemas"]["Element"];
            authorReference?: components["schemas"]["Reference"];
            /** Authorstring */
            authorString?: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            /** Text */
            text: string;
            /** Time */
            time?: string;
        };
        /** Attachment */
        Attachment: {
            _contentType?: components["schemas"]["Element"];
            _creation?: components["schemas"]["Element"];
            _data?: components["schemas"]["Element"];
            _hash?: components["schemas"]["Element"];
            _language?: components["schemas"]["Element"];
            _size?: components["schemas"]["Element"];
            _title?: components["schemas"]["Element"];
            _url?: components["schemas"]["Element"];
            /** Contenttype */
            contentType?: string;
            /** Creation */
            creation?: string;
            /** Data */
            data?: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Hash */
            hash?: string;
            /** Id */
            id?: string;
            /** Language */
            language?: string;
            /** Size */
            size?: number;
            /** Title */
            title?: string;
            /** Url */
            url?: string;
        };
        /** CodeableConcept */
        CodeableConcept: {
            _text?: components["schemas"]["Element"];
            /** Coding */
            coding?: components["schemas"]["Coding"][];
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            /** Text */
            text?: string;
        };
        /** Coding */
        Coding: {
            _code?: components["schemas"]["Element"];
            _display?: components["schemas"]["Element"];
            _system?: components["schemas"]["Element"];
            _userSelected?: components["schemas"]["Element"];
            _version?: components["schemas"]["Element"];
            /** Code */
            code?: string;
            /** Display */
            display?: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            /** System */
            system?: string;
            /** Userselected */
            userSelected?: boolean;
            /** Version */
            version?: string;
        };
        /** Communication */
        Communication: {
            _preferred?: components["schemas"]["Element"];
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            language: components["schemas"]["CodeableConcept"];
            /** Preferred */
            preferred?: boolean;
        };
        /** Contact */
        Contact: {
            _gender?: components["schemas"]["Element"];
            address?: components["schemas"]["patients__fhir_schemas__Address"];
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /**
             * Gender
             * @enum {string}
             */
            gender?: "male" | "female" | "other" | "unknown";
            /** Id */
            id?: string;
            name?: components["schemas"]["HumanName"];
            organization?: components["schemas"]["Reference"];
            period?: components["schemas"]["Period"];
            /** Relationship */
            relationship?: components["schemas"]["CodeableConcept"][];
            /** Telecom */
            telecom?: components["schemas"]["ContactPoint"][];
        };
        /** ContactPoint */
        ContactPoint: {
            _rank?: components["schemas"]["Element"];
            _system?: components["schemas"]["Element"];
            _use?: components["schemas"]["Element"];
            _value?: components["schemas"]["Element"];
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            period?: components["schemas"]["Period"];
            /** Rank */
            rank?: number;
            /**
             * System
             * @enum {string}
             */
            system?: "phone" | "fax" | "email" | "pager" | "url" | "sms" | "other";
            /**
             * Use
             * @enum {string}
             */
            use?: "home" | "work" | "temp" | "old" | "mobile";
            /** Value */
            value?: string;
        };
        /** Count */
        Count: {
            _code?: components["schemas"]["Element"];
            _comparator?: components["schemas"]["Element"];
            _system?: components["schemas"]["Element"];
            _unit?: components["schemas"]["Element"];
            _value?: components["schemas"]["Element"];
            /** Code */
            code?: string;
            /** Comparator */
            comparator?: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            /** System */
            system?: string;
            /** Unit */
            unit?: string;
            /** Value */
            value?: number;
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
        /** Distance */
        Distance: {
            _code?: components["schemas"]["Element"];
            _comparator?: components["schemas"]["Element"];
            _system?: components["schemas"]["Element"];
            _unit?: components["schemas"]["Element"];
            _value?: components["schemas"]["Element"];
            /** Code */
            code?: string;
            /** Comparator */
            comparator?: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            /** System */
            system?: string;
            /** Unit */
            unit?: string;
            /** Value */
            value?: number;
        };
        /** Duration */
        Duration: {
            _code?: components["schemas"]["Element"];
            _comparator?: components["schemas"]["Element"];
            _system?: components["schemas"]["Element"];
            _unit?: components["schemas"]["Element"];
            _value?: components["schemas"]["Element"];
            /** Code */
            code?: string;
            /** Comparator */
            comparator?: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            /** System */
            system?: string;
            /** Unit */
            unit?: string;
            /** Value */
            value?: number;
        };
        /** Element */
        Element: {
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
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
        Entries_Annotated_str__StringConstraints__AfterValidator__: string[];
        Entries_EmergencyContact_: components["schemas"]["EmergencyContact"][];
        Entries_Identifier_: components["schemas"]["Identifier-Output"][];
        Entries_Telecom_: components["schemas"]["Telecom"][];
        /** Extension */
        Extension: {
            _valueBase64Binary?: components["schemas"]["Reason"];
            _valueBoolean?: components["schemas"]["Reason"];
            _valueCanonical?: components["schemas"]["Reason"];
            _valueCode?: components["schemas"]["Reason"];
            _valueDate?: components["schemas"]["Reason"];
            _valueDateTime?: components["schemas"]["Reason"];
            _valueDecimal?: components["schemas"]["Reason"];
            _valueId?: components["schemas"]["Reason"];
            _valueInstant?: components["schemas"]["Reason"];
            _valueInteger?: components["schemas"]["Reason"];
            _valueMarkdown?: components["schemas"]["Reason"];
            _valueOid?: components["schemas"]["Reason"];
            _valuePositiveInt?: components["schemas"]["Reason"];
            _valueString?: components["schemas"]["Reason"];
            _valueTime?: components["schemas"]["Reason"];
            _valueUnsignedInt?: components["schemas"]["Reason"];
            _valueUri?: components["schemas"]["Reason"];
            _valueUrl?: components["schemas"]["Reason"];
            _valueUuid?: components["schemas"]["Reason"];
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            /** Url */
            url: string;
            valueAddress?: components["schemas"]["patients__fhir_schemas__Address"];
            valueAge?: components["schemas"]["Age"];
            valueAnnotation?: components["schemas"]["Annotation"];
            valueAttachment?: components["schemas"]["Attachment"];
            /** Valuebase64Binary */
            valueBase64Binary?: string;
            /** Valueboolean */
            valueBoolean?: boolean;
            /** Valuecanonical */
            valueCanonical?: string;
            /** Valuecode */
            valueCode?: string;
            valueCodeableConcept?: components["schemas"]["CodeableConcept"];
            valueCoding?: components["schemas"]["Coding"];
            valueContactPoint?: components["schemas"]["ContactPoint"];
            valueCount?: components["schemas"]["Count"];
            /** Valuedate */
            valueDate?: string;
            /** Valuedatetime */
            valueDateTime?: string;
            /** Valuedecimal */
            valueDecimal?: number;
            valueDistance?: components["schemas"]["Distance"];
            valueDuration?: components["schemas"]["Duration"];
            valueHumanName?: components["schemas"]["HumanName"];
            /** Valueid */
            valueId?: string;
            valueIdentifier?: components["schemas"]["patients__fhir_schemas__Identifier"];
            /** Valueinstant */
            valueInstant?: string;
            /** Valueinteger */
            valueInteger?: number;
            /** Valuemarkdown */
            valueMarkdown?: string;
            valueMoney?: components["schemas"]["Money"];
            /** Valueoid */
            valueOid?: string;
            valuePeriod?: components["schemas"]["Period"];
            /** Valuepositiveint */
            valuePositiveInt?: number;
            valueQuantity?: components["schemas"]["Quantity"];
            valueRange?: components["schemas"]["Range"];
            valueRatio?: components["schemas"]["Ratio"];
            valueReference?: components["schemas"]["Reference"];
            valueSampledData?: components["schemas"]["SampledData"];
            valueSignature?: components["schemas"]["Signature"];
            /** Valuestring */
            valueString?: string;
            /** Valuetime */
            valueTime?: string;
            valueTiming?: components["schemas"]["Timing"];
            /** Valueunsignedint */
            valueUnsignedInt?: number;
            /** Valueuri */
            valueUri?: string;
            /** Valueurl */
            valueUrl?: string;
            /** Valueuuid */
            valueUuid?: string;
        };
        /** HumanName */
        HumanName: {
            _family?: components["schemas"]["Element"];
            /** Given */
            _given?: (components["schemas"]["Element"] | null)[];
            /** Prefix */
            _prefix?: (components["schemas"]["Element"] | null)[];
            /** Suffix */
            _suffix?: (components["schemas"]["Element"] | null)[];
            _text?: components["schemas"]["Element"];
            _use?: components["schemas"]["Element"];
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Family */
            family?: string;
            /** Given */
            given?: (string | null)[];
            /** Id */
            id?: string;
            period?: components["schemas"]["Period"];
            /** Prefix */
            prefix?: (string | null)[];
            /** Suffix */
            suffix?: (string | null)[];
            /** Text */
            text?: string;
            /** Use */
            use?: string;
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
            _type?: components["schemas"]["Element"];
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            other: components["schemas"]["PatientReference"];
            /** Type */
            type: string;
        };
        /** Meta */
        Meta: {
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Lastupdated */
            lastUpdated?: string;
            /** Profile */
            profile?: string[];
            /** Security */
            security?: components["schemas"]["Tag"][];
            /** Source */
            source?: string;
            /** Tag */
            tag?: components["schemas"]["Tag"][];
            /** Versionid */
            versionId?: string;
        };
        /** Money */
        Money: {
            _currency?: components["schemas"]["Element"];
            _value?: components["schemas"]["Element"];
            /** Currency */
            currency?: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            /** Value */
            value?: number;
        };
        /**
         * Name
         * @description The patient's official name.
         */
        Name: {
            /** Family */
            family?: string | null;
            given?: components["schemas"]["Entries_Annotated_str__StringConstraints__AfterValidator__"];
            prefix?: components["schemas"]["Entries_Annotated_str__StringConstraints__AfterValidator__"];
        };
        /** Narrative */
        Narrative: {
            _status?: components["schemas"]["Element"];
            /** Div */
            div: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            /** Status */
            status: string;
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
        /** Page[PatientListed] */
        Page_PatientListed_: {
            /** Items */
            items: components["schemas"]["PatientListed"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /** Patient */
        Patient: {
            _active?: components["schemas"]["Element"];
            _birthDate?: components["schemas"]["Element"];
            _deceasedBoolean?: components["schemas"]["Element"];
            _deceasedDateTime?: components["schemas"]["Element"];
            _gender?: components["schemas"]["Element"];
            _language?: components["schemas"]["Element"];
            _multipleBirthBoolean?: components["schemas"]["Element"];
            _multipleBirthInteger?: components["schemas"]["Element"];
            /** Active */
            active?: boolean;
            /** Address */
            address?: components["schemas"]["patients__fhir_schemas__Address"][];
            /**
             * Birthdate
             * Format: date
             */
            birthDate?: string;
            /** Communication */
            communication?: components["schemas"]["Communication"][];
            /** Contact */
            contact?: components["schemas"]["Contact"][];
            /** Deceasedboolean */
            deceasedBoolean?: boolean;
            /** Deceaseddatetime */
            deceasedDateTime?: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /**
             * Gender
             * @enum {string}
             */
            gender?: "male" | "female" | "other" | "unknown";
            /** Generalpractitioner */
            generalPractitioner?: components["schemas"]["Reference"][];
            /** Id */
            id?: string;
            /** Identifier */
            identifier?: components["schemas"]["patients__fhir_schemas__Identifier"][];
            /** Language */
            language?: string;
            /** Link */
            link?: components["schemas"]["Link"][];
            managingOrganization?: components["schemas"]["Reference"];
            maritalStatus?: components["schemas"]["CodeableConcept"];
            meta?: components["schemas"]["Meta"];
            /** Multiplebirthboolean */
            multipleBirthBoolean?: boolean;
            /** Multiplebirthinteger */
            multipleBirthInteger?: number;
            /** Name */
            name?: components["schemas"]["HumanName"][];
            /** Photo */
            photo?: components["schemas"]["Attachment"][];
            /**
             * Resourcetype
             * @constant
             */
            resourceType: "Patient";
            /** Telecom */
            telecom?: components["schemas"]["ContactPoint"][];
            text?: components["schemas"]["Narrative"];
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
        /** PatientReference */
        PatientReference: {
            _display?: components["schemas"]["Element"];
            _reference?: components["schemas"]["Element"];
            _type?: components["schemas"]["Element"];
            /** Display */
            display?: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            identifier?: components["schemas"]["patients__fhir_schemas__Identifier"];
            /** Reference */
            reference: string;
            /** Type */
            type?: string;
        };
        /**
         * PatientVerified
         * @description Whether there is such a patient. Whom another system gave an id of its own form has none here.
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
            _end?: components["schemas"]["Element"];
            _start?: components["schemas"]["Element"];
            /** End */
            end?: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            /** Start */
            start?: string;
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
        /** Quantity */
        Quantity: {
            _code?: components["schemas"]["Element"];
            _comparator?: components["schemas"]["Element"];
            _system?: components["schemas"]["Element"];
            _unit?: components["schemas"]["Element"];
            _value?: components["schemas"]["Element"];
            /** Code */
            code?: string;
            /** Comparator */
            comparator?: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            /** System */
            system?: string;
            /** Unit */
            unit?: string;
            /** Value */
            value?: number;
        };
        /** Range */
        Range: {
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            high?: components["schemas"]["Quantity"];
            /** Id */
            id?: string;
            low?: components["schemas"]["Quantity"];
        };
        /** Ratio */
        Ratio: {
            denominator?: components["schemas"]["Quantity"];
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            numerator?: components["schemas"]["Quantity"];
        };
        /** Reason */
        Reason: {
            /** Extension */
            extension: components["schemas"]["Extension"][];
        };
        /** Reference */
        Reference: {
            _display?: components["schemas"]["Element"];
            _type?: components["schemas"]["Element"];
            /** Display */
            display?: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            identifier?: components["schemas"]["patients__fhir_schemas__Identifier"];
            /** Type */
            type?: string;
        };
        /** SampledData */
        SampledData: {
            _data?: components["schemas"]["Element"];
            _dimensions?: components["schemas"]["Element"];
            _factor?: components["schemas"]["Element"];
            _lowerLimit?: components["schemas"]["Element"];
            _period?: components["schemas"]["Element"];
            _upperLimit?: components["schemas"]["Element"];
            /** Data */
            data?: string;
            /** Dimensions */
            dimensions: number;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Factor */
            factor?: number;
            /** Id */
            id?: string;
            /** Lowerlimit */
            lowerLimit?: number;
            origin: components["schemas"]["Quantity"];
            /** Period */
            period: number;
            /** Upperlimit */
            upperLimit?: number;
        };
        /** Signature */
        Signature: {
            _data?: components["schemas"]["Element"];
            _sigFormat?: components["schemas"]["Element"];
            _targetFormat?: components["schemas"]["Element"];
            _when?: components["schemas"]["Element"];
            /** Data */
            data?: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            onBehalfOf?: components["schemas"]["Reference"];
            /** Sigformat */
            sigFormat?: string;
            /** Targetformat */
            targetFormat?: string;
            /** Type */
            type: components["schemas"]["Coding"][];
            /** When */
            when: string;
            who: components["schemas"]["Reference"];
        };
        /** Tag */
        Tag: {
            /** Code */
            code: string;
            /** Display */
            display?: string;
            /** System */
            system?: string;
            /** Userselected */
            userSelected?: boolean;
            /** Version */
            version?: string;
        };
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
        /** Timing */
        Timing: {
            /** Event */
            _event?: (components["schemas"]["Element"] | null)[];
            code?: components["schemas"]["CodeableConcept"];
            /** Event */
            event?: (string | null)[];
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            repeat?: components["schemas"]["TimingRepeat"];
        };
        /** TimingRepeat */
        TimingRepeat: {
            _count?: components["schemas"]["Element"];
            _countMax?: components["schemas"]["Element"];
            /** Dayofweek */
            _dayOfWeek?: (components["schemas"]["Element"] | null)[];
            _duration?: components["schemas"]["Element"];
            _durationMax?: components["schemas"]["Element"];
            _durationUnit?: components["schemas"]["Element"];
            _frequency?: components["schemas"]["Element"];
            _frequencyMax?: components["schemas"]["Element"];
            _offset?: components["schemas"]["Element"];
            _period?: components["schemas"]["Element"];
            _periodMax?: components["schemas"]["Element"];
            _periodUnit?: components["schemas"]["Element"];
            /** Timeofday */
            _timeOfDay?: (components["schemas"]["Element"] | null)[];
            /** When */
            _when?: (components["schemas"]["Element"] | null)[];
            boundsDuration?: components["schemas"]["Duration"];
            boundsPeriod?: components["schemas"]["Period"];
            boundsRange?: components["schemas"]["Range"];
            /** Count */
            count?: number;
            /** Countmax */
            countMax?: number;
            /** Dayofweek */
            dayOfWeek?: (string | null)[];
            /** Duration */
            duration?: number;
            /** Durationmax */
            durationMax?: number;
            /** Durationunit */
            durationUnit?: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Frequency */
            frequency?: number;
            /** Frequencymax */
            frequencyMax?: number;
            /** Id */
            id?: string;
            /** Offset */
            offset?: number;
            /** Period */
            period?: number;
            /** Periodmax */
            periodMax?: number;
            /** Periodunit */
            periodUnit?: string;
            /** Timeofday */
            timeOfDay?: (string | null)[];
            /** When */
            when?: (string | null)[];
        };
        /** Address */
        patients__fhir_schemas__Address: {
            _city?: components["schemas"]["Element"];
            _country?: components["schemas"]["Element"];
            _district?: components["schemas"]["Element"];
            /** Line */
            _line?: (components["schemas"]["Element"] | null)[];
            _postalCode?: components["schemas"]["Element"];
            _state?: components["schemas"]["Element"];
            _text?: components["schemas"]["Element"];
            _type?: components["schemas"]["Element"];
            _use?: components["schemas"]["Element"];
            /** City */
            city?: string;
            /** Country */
            country?: string;
            /** District */
            district?: string;
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            /** Line */
            line?: (string | null)[];
            period?: components["schemas"]["Period"];
            /** Postalcode */
            postalCode?: string;
            /** State */
            state?: string;
            /** Text */
            text?: string;
            /** Type */
            type?: string;
            /**
             * Use
             * @enum {string}
             */
            use?: "home" | "work" | "temp" | "old" | "billing";
        };
        /** Identifier */
        patients__fhir_schemas__Identifier: {
            _system?: components["schemas"]["Element"];
            _use?: components["schemas"]["Element"];
            _value?: components["schemas"]["Element"];
            assigner?: components["schemas"]["Reference"];
            /** Extension */
            extension?: components["schemas"]["Extension"][];
            /** Id */
            id?: string;
            period?: components["schemas"]["Period"];
            /** System */
            system?: string;
            type?: components["schemas"]["CodeableConcept"];
            /** Use */
            use?: string;
            /** Value */
            value: string;
        };
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
            lines?: components["schemas"]["Entries_Annotated_str__StringConstraints__AfterValidator__"];
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
                /** @description Beginnings of words of the name, up to ten, all of which must match */
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
